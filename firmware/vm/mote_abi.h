/* Value words, panic codes and kinds of errors, for embedders. Written by `npm run abi` from firmware/abi/abi.json. */
#ifndef MOTE_ABI_H
#define MOTE_ABI_H

/** No value: the operation failed; never seen by a program. */
#define MOTE_FAILED 0x00u
#define MOTE_UNDEFINED 0x02u
#define MOTE_NULL 0x22u
#define MOTE_FALSE 0x42u
#define MOTE_TRUE 0x62u

/** Why a machine stopped. Programs may panic with codes of their own, 1 to 59999. */
enum mote_panic {
    MOTE_PANIC_RESTART = 0,             /* ds.restart() or ds.reboot() */
    MOTE_PANIC_GUARD = 60001,           /* too many operations in one turn */
    MOTE_PANIC_OUT_OF_MEMORY = 60004,   /* the arena is full */
    MOTE_PANIC_UNHANDLED = 60005,       /* an uncaught exception */
    MOTE_PANIC_DEPTH = 60006,           /* calls nested too deeply */
    MOTE_PANIC_INVALID_IMAGE = 60100,   /* the loader refused the image */
    MOTE_PANIC_INVALID_PROGRAM = 60120, /* a handler was reached by running into it, or similar */
    MOTE_RUNNING = -1
};

enum mote_error { MOTE_ERROR, MOTE_TYPE_ERROR, MOTE_RANGE_ERROR, MOTE_SYNTAX_ERROR };

#endif
