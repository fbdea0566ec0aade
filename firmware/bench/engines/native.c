/* Runs a program written in C on the emulated core, or on a computer without counting instructions. */
#include "program.h"

#include <stdio.h>

#ifdef __riscv
#include "board.h"
#else
static uint32_t board_instructions(void)
{
    return 0;
}
#endif

int main(void)
{
    for (int i = 0; i < 2; i++) {
        uint32_t start = board_instructions();
        int32_t checksum = bench_program();
        uint32_t end = board_instructions();
        printf("checksum: %ld\ninstructions: %lu\n", (long)checksum, (unsigned long)(end - start));
    }
    puts("done");
    return 0;
}
