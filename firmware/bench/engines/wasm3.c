/* Runs a WebAssembly program in wasm3 on the emulated core. The first run includes compiling it to wasm3's own code. */
#include "board.h"

#include <m3_env.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern const uint8_t program_partition[];
extern char __heap_start[];

enum { IMAGE = 16, STACK_BYTES = 2048 };

static void require(M3Result result)
{
    if (result == m3Err_none) return;
    printf("error: %s\n", result);
    exit(1);
}

static void run(IM3Runtime runtime)
{
    IM3Function program;
    uint32_t start = board_instructions();
    require(m3_FindFunction(&program, runtime, "bench_program"));
    require(m3_Call(program));
    uint32_t end = board_instructions();
    int32_t checksum = *(int32_t *)runtime->stack; /* this version has no function for reading the result */
    printf("checksum: %ld\ninstructions: %lu\n", (long)checksum, (unsigned long)(end - start));
}

int main(void)
{
    uint32_t length;
    memcpy(&length, program_partition + 4, 4);
    IM3Environment environment = m3_NewEnvironment();
    IM3Runtime runtime = m3_NewRuntime(environment, STACK_BYTES, NULL);
    IM3Module module;
    require(m3_ParseModule(environment, &module, program_partition + IMAGE, length));
    require(m3_LoadModule(runtime, module));
    for (int i = 0; i < 2; i++) run(runtime);
    printf("heap: %lu\n", (unsigned long)((char *)sbrk(0) - __heap_start));
    puts("done");
    return 0;
}
