/* Clock, sleep and host services of the emulated board. */
#include "board.h"

#include <stdio.h>
#include <stdlib.h>

#define CLINT_MTIMECMP ((volatile uint32_t *)0x02004000u)
#define CLINT_MTIME ((volatile uint32_t *)0x0200bff8u)
#define PLIC_PRIORITY ((volatile uint32_t *)0x0c000000u)
#define PLIC_ENABLE ((volatile uint32_t *)0x0c002000u)
#define PLIC_CLAIM ((volatile uint32_t *)0x0c200004u)

enum { WAKE_TIMER = 1 << 7, WAKE_EXTERNAL = 1 << 11 };
enum { SYS_OPEN = 1, SYS_WRITE = 5, SYS_READ = 6, SYS_SEEK = 10, SYS_TIME = 0x11 };

void trap_report(uint32_t cause, uint32_t at, uint32_t value);

void trap_report(uint32_t cause, uint32_t at, uint32_t value)
{
    printf("TRAP cause %lx at %lx value %lx\n", (unsigned long)cause, (unsigned long)at, (unsigned long)value);
    exit(99);
}

uint64_t board_ticks(void)
{
    uint32_t high, low;
    do {
        high = CLINT_MTIME[1];
        low = CLINT_MTIME[0];
    } while (high != CLINT_MTIME[1]);
    return (uint64_t)high << 32 | low;
}

/* Interrupts stay disabled: a pending one ends wfi nevertheless. */
void board_sleep(uint64_t until)
{
    CLINT_MTIMECMP[1] = UINT32_MAX;
    CLINT_MTIMECMP[0] = (uint32_t)until;
    CLINT_MTIMECMP[1] = (uint32_t)(until >> 32);
    __asm__ volatile(
        ".option push\n.option arch, +zicsr\ncsrs mie, %0\nwfi\n.option pop" ::"r"(WAKE_TIMER | WAKE_EXTERNAL)
        : "memory");
    uint32_t line = *PLIC_CLAIM;
    if (line != 0) *PLIC_CLAIM = line;
}

void board_wake_by(unsigned line)
{
    PLIC_PRIORITY[line] = 1;
    PLIC_ENABLE[0] |= 1u << line;
}

/* RISC-V semihosting: a sequence of three instructions that the emulator recognizes. */
static int32_t semihost(int32_t operation, const void *arguments)
{
    register int32_t a0 __asm__("a0") = operation;
    register const void *a1 __asm__("a1") = arguments;
    __asm__ volatile(".option push\n.option norvc\nslli x0, x0, 0x1f\nebreak\nsrai x0, x0, 7\n.option pop"
                     : "+r"(a0)
                     : "r"(a1)
                     : "memory");
    return a0;
}

int32_t host_open(const char *path, enum host_mode mode)
{
    uint32_t length = 0;
    while (path[length] != 0) length++;
    const uint32_t arguments[] = {(uint32_t)(uintptr_t)path, mode, length};
    return semihost(SYS_OPEN, arguments);
}

int host_read(int32_t file, void *target, size_t length)
{
    const uint32_t arguments[] = {(uint32_t)file, (uint32_t)(uintptr_t)target, (uint32_t)length};
    return semihost(SYS_READ, arguments) == 0; /* number of bytes not read */
}

int host_write_at(int32_t file, uint32_t at, const void *source, size_t length)
{
    const uint32_t place[] = {(uint32_t)file, at};
    const uint32_t arguments[] = {(uint32_t)file, (uint32_t)(uintptr_t)source, (uint32_t)length};
    return semihost(SYS_SEEK, place) == 0 && semihost(SYS_WRITE, arguments) == 0; /* number of bytes not written */
}

uint32_t host_unix_time(void)
{
    return (uint32_t)semihost(SYS_TIME, NULL);
}
