/* Runs a program that is C itself, on the emulated core or, without counting, on a computer. */
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
