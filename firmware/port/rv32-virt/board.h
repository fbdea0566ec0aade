/* The devices of QEMU's `virt` machine that the port uses. */
#ifndef MOTE_BOARD_H
#define MOTE_BOARD_H

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

/** Host services by semihosting: an open file, or -1. */
int32_t host_open(const char *path);
/** Whether all bytes were read. */
int host_read(int32_t file, void *target, size_t length);
uint32_t host_unix_time(void);

/** Virtio network, polled. 0 on success. */
int vnet_init(uint8_t mac[6]);
/** Copies the frame. 0 on success, -1 when the ring is full. */
int vnet_send(const void *frame, size_t length);
/** Bytes of the next frame, 0 when there is none. */
size_t vnet_receive(void *frame, size_t size);

/** IP over it. 0 on success. */
int network_init(void);
void network_poll(void);

#endif
