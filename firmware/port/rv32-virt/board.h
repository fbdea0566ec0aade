/* The devices of QEMU's `virt` machine that the port uses. */
#ifndef MOTE_BOARD_H
#define MOTE_BOARD_H

#include "program.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** 10 MHz; with -icount derived from the number of instructions. */
uint64_t board_ticks(void);
enum { TICKS_PER_MS = 10000, TICKS_PER_US = 10 };

/** Instructions since the start, low half. Exact only with -icount. */
static inline uint32_t board_instructions(void)
{
    uint32_t count;
    __asm__ volatile(".option push\n.option arch, +zicsr\nrdinstret %0\n.option pop" : "=r"(count)::"memory");
    return count;
}

/** Sleeps until that tick, or until a frame arrives. */
void board_sleep(uint64_t until);
/** Enables the interrupt line of a device (1 to 31) to end board_sleep. */
void board_wake_by(unsigned line);

/** How to open a file of the host: for reading, for changes, or created empty. The numbers are semihosting's. */
enum host_mode { HOST_READ = 1, HOST_CHANGE = 3, HOST_CREATE = 7 };
/** Opens a file of the host by semihosting; -1 on failure. */
int32_t host_open(const char *path, enum host_mode mode);
/** Returns whether all bytes were read. */
int host_read(int32_t file, void *target, size_t length);
/** Returns whether all bytes were written, beginning at `at`. */
int host_write_at(int32_t file, uint32_t at, const void *source, size_t length);
uint32_t host_unix_time(void);

/** Opens the flash for blobs. @param powered_on false: the board restarts after a deep sleep */
bool flash_open(bool powered_on);
/** Opens the program slots, which programs may write. */
void programs_open(bool powered_on, program_slot *slots);

/** Virtio network, polled. 0 on success. */
int vnet_init(uint8_t mac[6]);
/** Copies the frame. 0 on success, -1 when the ring is full. */
int vnet_send(const void *frame, size_t length);
/** Whether the device has sent every frame. */
bool vnet_is_idle(void);
/** Length of the next frame; 0 if there is none. */
size_t vnet_receive(void *frame, size_t size);

/** Starts IP on it. 0 on success. */
int network_init(void);
void network_poll(void);
/** Waits until everything that programs have sent has left, at most one second. */
void network_drain(void);

#endif
