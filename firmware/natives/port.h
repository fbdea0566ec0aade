/*
 * What a port provides for the natives: randomness, clocks, log, settings, UDP, flash, background work. Every port
 * defines all of these functions; they are called from the machine's thread unless stated otherwise.
 */
#ifndef MOTE_PORT_H
#define MOTE_PORT_H

#include "configuration.h"
#include "mote_vm.h"
#include "native_list.h"

/** Fills with random bytes; false while the source is not ready. */
bool mote_port_random(uint8_t *target, size_t length);
/** Unix seconds; 0 while the time is unknown. */
uint64_t mote_port_wall_clock(void);
/** `level` as LogLevel in src/gio/log-level.ts: 0 debug to 3 error. */
void mote_port_log(int32_t level, const char *message, size_t length);
/** A setting of this device in place: `length` bytes without a NUL, never a copy; NULL if there is none. */
const char *mote_port_setting(const char *name, size_t *length);
/** Why the device started: "power-on", "reset", "panic", "watchdog", "brown-out", "deep-sleep" or "unknown". */
const char *mote_port_reboot_reason(void);
/** Free native memory in bytes; 0 if unknown. */
size_t mote_port_free_memory(void);
/** Switches the device off; after `ms` it restarts, with the reason "deep-sleep". Does not return. */
_Noreturn void mote_port_deep_sleep(uint64_t ms);

/* I2C */

/** I2CStatus of DeviceScript. */
enum { I2C_OK = 0, I2C_NO_ACK_ADDRESS = 1, I2C_NO_ACK_DATA = 2, I2C_NO_BUS = 3 };

/** Writes, then reads if `read_length` is above 0. `address` has 7 bits. Returns an I2CStatus. */
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

/** A pin's capabilities; 0: no such pin. The other functions are only called for pins with the capability. */
uint32_t mote_port_pin_capabilities(unsigned pin);
/** Sets a mode that the pin supports; PIN_OUTPUT keeps the level. Returns false if the pin is not available. */
bool mote_port_pin_configure(unsigned pin, int32_t mode);
/** Level of an input or output. */
bool mote_port_pin_digital(unsigned pin);
/** 0 to 65535, the full range of the converter; -1 on failure. */
int32_t mote_port_pin_analog(unsigned pin);

enum { ADDRESS_BYTES = 64 };

/** A host as numeric text, and a port. */
typedef struct {
    char host[ADDRESS_BYTES];
    uint16_t port;
} socket_address;

/* UDP. `slot` is 0 to UDP_SLOTS - 1; the natives use each slot for one socket at a time. */

/** Binds and, if `remote` has a host, connects. Hosts may be "". Returns 0 or minus an IO code. */
int32_t mote_port_udp_open(unsigned slot, const socket_address *local, const socket_address *remote);
uint16_t mote_port_udp_local_port(unsigned slot);
/** `to` is NULL on a connected socket. Returns `length` or minus an IO code. */
int32_t mote_port_udp_send(unsigned slot, const uint8_t *datagram, size_t length, const socket_address *to);
/** Returns the datagram's length, above `size` if it was truncated, -IO_WOULD_BLOCK, or minus another code once. */
int32_t mote_port_udp_receive(unsigned slot, uint8_t *target, size_t size, socket_address *from);
bool mote_port_udp_readable(unsigned slot);
void mote_port_udp_close(unsigned slot);

/* TCP: one stream at a time. None of these functions blocks. */

/** Starts to connect. Returns 0 or minus an IO code. */
int32_t mote_port_tcp_connect(const socket_address *remote);
/** 1 if the stream is connected, 0 if not yet, or minus an IO code if it failed. */
int32_t mote_port_tcp_connected(void);
/** Returns the number of bytes taken, 0 to `length`, or minus an IO code. */
int32_t mote_port_tcp_send(const uint8_t *bytes, size_t length);
/** Returns the number of bytes, 0 at the end of the peer's data, -IO_WOULD_BLOCK, or minus another code. */
int32_t mote_port_tcp_receive(uint8_t *target, size_t size);
/** Sends what was taken, then closes. No effect without a stream. */
void mote_port_tcp_close(void);

/* Slow work that runs in the background. */

typedef struct work work;
struct work {
    work *next;
    unsigned fiber;   /* pin of the waiting fiber */
    size_t bytes;     /* size of the whole block, which is erased at the end */
    unsigned program; /* number of the program since the start, to which it belongs */
    void (*run)(work *self);
    /**
     * Returns the result to the machine. Called on the machine's thread; the work is one block of calloc and is freed
     * afterwards.
     */
    mote_value (*finish)(mote_vm *vm, work *self);
    /**
     * Releases what the work holds, or NULL. Called on the machine's thread at the end, also if the program has ended.
     */
    void (*release)(work *self);
};

/** Takes ownership of the work and calls `run`, on another thread if the port has threads. */
void mote_port_work(work *job);
/** A work whose `run` has returned, each only once; NULL if there is none. */
work *mote_port_work_done(void);

/** Lock for calls that use the crypto library's key store, which is not thread-safe. */
void mote_port_crypto_lock(void);
void mote_port_crypto_unlock(void);

/** Resolves a host to at most `most - 1` addresses; "" ends the list. Called by a work's `run`. */
void mote_port_resolve(const char *host, char (*addresses)[ADDRESS_BYTES], unsigned most);

/* Named blobs. Implemented by blob_store.c on flash, or by the port. Names have been checked. */

/** Returns the blob's length, or minus an IO code; copies at most `size` bytes of it. */
int32_t mote_storage_load(const char *name, uint8_t *target, size_t size);
/** Returns 0 when the blob would survive a loss of power, or minus an IO code, in which case the old blob is kept. */
int32_t mote_storage_save(const char *name, const uint8_t *value, size_t length);
int32_t mote_storage_remove(const char *name);

#endif
