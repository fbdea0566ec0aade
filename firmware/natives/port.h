/*
 * What a port supplies to the natives: randomness, clocks, log, settings, UDP, flash, work beside the script.
 * Every port defines all of them; they are called from the machine's thread, except where it says otherwise.
 */
#ifndef MOTE_PORT_H
#define MOTE_PORT_H

#include "configuration.h"
#include "mote_vm.h"
#include "native_list.h"

/** Fills with random bytes; false while the source is not good. */
bool mote_port_random(uint8_t *target, size_t length);
/** Unix seconds; 0 while unknown. */
uint64_t mote_port_wall_clock(void);
/** `level` as LogLevel of src/gio/log-level.ts: 0 debug to 3 error. */
void mote_port_log(int32_t level, const char *message, size_t length);
/** A setting of this device where it lies: `length` bytes without a NUL, never a copy; NULL when there is none. */
const char *mote_port_setting(const char *name, size_t *length);
/** Why the device started: "power-on", "reset", "panic", "watchdog", "brown-out", "deep-sleep" or "unknown". */
const char *mote_port_reboot_reason(void);
/** Bytes of native memory that are free; 0 when unknown. */
size_t mote_port_free_memory(void);
/** Switches the device off; after `ms` it starts anew, with the reason "deep-sleep". Does not return. */
_Noreturn void mote_port_deep_sleep(uint64_t ms);

/* I2C */

/** I2CStatus of DeviceScript. */
enum { I2C_OK = 0, I2C_NO_ACK_ADDRESS = 1, I2C_NO_ACK_DATA = 2, I2C_NO_BUS = 3 };

/** Writes, then reads where `read_length` is above 0. `address` has 7 bits. Returns an I2CStatus. */
int32_t mote_port_i2c_transfer(uint8_t address, const uint8_t *bytes, size_t length, uint8_t *target,
                               size_t read_length);

/* Pins */

/** GPIOMode and GPIOCapabilities of DeviceScript. */
enum {
    PIN_OFF = 0,
    PIN_OFF_PULL_UP = 0x10,
    PIN_OFF_PULL_DOWN = 0x20,
    PIN_INPUT = 1,
    PIN_INPUT_PULL_UP = 0x11,
    PIN_INPUT_PULL_DOWN = 0x21,
    PIN_OUTPUT = 2,
    PIN_OUTPUT_HIGH = 0x12,
    PIN_OUTPUT_LOW = 0x22,
    PIN_ANALOG_IN = 3,
    PIN_MODE_BASE = 0x0f
};
enum { PIN_CAN_PULL_UP = 1, PIN_CAN_PULL_DOWN = 2, PIN_CAN_INPUT = 4, PIN_CAN_OUTPUT = 8, PIN_CAN_ANALOG = 16 };

/** What a pin can; 0: there is none of this number. The others are called for pins that can. */
uint32_t mote_port_pin_capabilities(unsigned pin);
/** Sets a mode that the pin has; PIN_OUTPUT leaves the level. False when the pin cannot be had. */
bool mote_port_pin_configure(unsigned pin, int32_t mode);
/** Level of an input or output. */
bool mote_port_pin_digital(unsigned pin);
/** 0 to 65535, the full range of the converter; -1 when there is no answer. */
int32_t mote_port_pin_analog(unsigned pin);

enum { ADDRESS_BYTES = 64 };

/** A host as numeric text, and a port. */
typedef struct {
    char host[ADDRESS_BYTES];
    uint16_t port;
} socket_address;

/* UDP. `slot` is 0 to UDP_SLOTS - 1; the natives hand out each one once at a time. */

/** Binds and, where `remote` has a host, connects. Hosts may be "". Returns 0 or minus an IO code. */
int32_t mote_port_udp_open(unsigned slot, const socket_address *local, const socket_address *remote);
uint16_t mote_port_udp_local_port(unsigned slot);
/** `to` is NULL on a connected socket. Returns `length` or minus an IO code. */
int32_t mote_port_udp_send(unsigned slot, const uint8_t *datagram, size_t length, const socket_address *to);
/** Returns the datagram's length, above `size` when it was cut, -IO_WOULD_BLOCK, or minus another code once. */
int32_t mote_port_udp_receive(unsigned slot, uint8_t *target, size_t size, socket_address *from);
bool mote_port_udp_readable(unsigned slot);
void mote_port_udp_close(unsigned slot);

/* TCP: one stream at a time. Nothing here waits. */

/** Begins to connect. Returns 0 or minus an IO code. */
int32_t mote_port_tcp_connect(const socket_address *remote);
/** 1 when the stream stands, 0 as long as it does not, or minus an IO code: it never will. */
int32_t mote_port_tcp_connected(void);
/** Returns how many of the bytes were taken, 0 to `length`, or minus an IO code. */
int32_t mote_port_tcp_send(const uint8_t *bytes, size_t length);
/** Returns the number of bytes, 0 once the peer has sent all, -IO_WOULD_BLOCK, or minus another code. */
int32_t mote_port_tcp_receive(uint8_t *target, size_t size);
/** Sends what was taken, and ends. Nothing happens when there is no stream. */
void mote_port_tcp_close(void);

/* Work that takes long and runs beside the script. */

typedef struct work work;
struct work {
    work *next;
    unsigned fiber;   /* pin of the fiber that waits */
    size_t bytes;     /* of the whole block: it is erased at the end */
    unsigned program; /* which of the programs since the start it belongs to */
    void (*run)(work *self);
    /** Gives the result to the machine. Called on the machine's thread; the work is one block of calloc and is freed
     * then. */
    mote_value (*finish)(mote_vm *vm, work *self);
    /** Lets go what the work holds, or NULL. Called on the machine's thread at the end, also of a program's. */
    void (*release)(work *self);
};

/** Takes the work over and calls `run`, on another thread where the port has threads. */
void mote_port_work(work *job);
/** A work whose `run` has returned, each once; NULL when there is none. */
work *mote_port_work_done(void);

/** Around calls that use the crypto library's key store, which is not made for two threads. */
void mote_port_crypto_lock(void);
void mote_port_crypto_unlock(void);

/** Addresses of a host, ended by "", at most `most - 1`. Called by a work's `run`. */
void mote_port_resolve(const char *host, char (*addresses)[ADDRESS_BYTES], unsigned most);

/* Named blobs. Implemented by blob_store.c over flash, or by the port. Names are checked already. */

/** Length of the blob, or minus an IO code; copies at most `size` bytes of it. */
int32_t mote_storage_load(const char *name, uint8_t *target, size_t size);
/** Returns 0 when the blob is safe against power loss, or minus an IO code, and then the old one is still there. */
int32_t mote_storage_save(const char *name, const uint8_t *value, size_t length);
int32_t mote_storage_remove(const char *name);

#endif
