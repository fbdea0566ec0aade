/* The devices of QEMU's `virt` machine that the port uses. */
#ifndef MOTE_BOARD_H
#define MOTE_BOARD_H

#include "program.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** 10 MHz; under -icount it follows the instructions. */
uint64_t board_ticks(void);
enum { TICKS_PER_MS = 10000, TICKS_PER_US = 10 };

/** Instructions since the start, low half. Only -icount makes it exact. */
static inline uint32_t board_instructions(void)
{
    uint32_t count;
    __asm__ volatile(".option push\n.option arch, +zicsr\nrdinstret %0\n.option pop" : "=r"(count)::"memory");
    return count;
}

/** Sleeps until the tick or a frame comes. */
void board_sleep(uint64_t until);
/** Lets the interrupt line of a device (1 to 31) end board_sleep. */
void board_wake_by(unsigned line);

/** How a file of the host is opened: as it is, for changes, or empty and new. The numbers are semihosting's. */
enum host_mode { HOST_READ = 1, HOST_CHANGE = 3, HOST_CREATE = 7 };
/** Host services by semihosting: an open file, or -1. */
int32_t host_open(const char *path, enum host_mode mode);
/** Whether all bytes were read. */
int host_read(int32_t file, void *target, size_t length);
/** Whether all bytes were written, from `at` on. */
int host_write_at(int32_t file, uint32_t at, const void *source, size_t length);
uint32_t host_unix_time(void);

/** Flash for what programs save. @param powered_on the board begins, not a program after a deep sleep */
bool flash_open(bool powered_on);
/** The slots of programs, which programs may write. */
void programs_open(bool powered_on, program_slot *slots);

/** Virtio network, polled. 0 on success. */
int vnet_init(uint8_t mac[6]);
/** Copies the frame. 0 on success, -1 when the ring is full. */
int vnet_send(const void *frame, size_t length);
/** The device has sent every frame. */
bool vnet_is_idle(void);
/** Bytes of the next frame, 0 when there is none. */
size_t vnet_receive(void *frame, size_t size);

/** IP over it. 0 on success. */
int network_init(void);
void network_poll(void);
/** Waits until what programs have sent is on its way, one second at most. */
void network_drain(void);

#endif
