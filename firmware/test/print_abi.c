/* Prints the ABI as the firmware's C has it, one item a line, to be compared with TypeScript's. */
#include "builtins.h"
#include "native_list.h"
#include "ops.h"

#include <stdio.h>

static const char *const kinds[] = {[EXPR] = "expression", [STMT] = "statement", [FINAL] = "final"};

static const char *const names[OP_END] = {
#define X(number, name, kind, operands, immediate) [number] = #name,
    MOTE_OPS(X)
#undef X
};

static void print_operations(void)
{
    for (unsigned op = 0; op < OP_END; op++) {
        unsigned shape = mote_op_shape[op];
        if (shape == 0xff) continue;
        printf("op %u %s %s %u %u\n", op, names[op], kinds[mote_op_kind[op]], shape & 15u, shape >> 4);
    }
    printf("small %d %d\nmultibyte %d\nstack %d\n", FIRST_SMALL_INT, SMALL_INT_ZERO, FIRST_MULTIBYTE, MAX_STACK);
}

static void print_builtins(void)
{
#define X(name) printf("object %u " #name "\n", (unsigned)OBJECT_##name);
    MOTE_BUILTIN_OBJECTS(X)
#undef X
    for (unsigned i = 0; i < NUM_BUILTIN_STRINGS; i++) printf("string %u %s\n", i, mote_builtin_text(i));
}

static void print_numbers(void)
{
    printf("words %u %u %u %u %u\n", MOTE_FAILED, MOTE_UNDEFINED, MOTE_NULL, MOTE_FALSE, MOTE_TRUE);
    printf("panics %d %d %d %d %d %d %d\n", MOTE_PANIC_RESTART, MOTE_PANIC_GUARD, MOTE_PANIC_OUT_OF_MEMORY,
           MOTE_PANIC_UNHANDLED, MOTE_PANIC_DEPTH, MOTE_PANIC_INVALID_IMAGE, MOTE_PANIC_INVALID_PROGRAM);
    printf("errors %d %d %d %d\n", MOTE_ERROR, MOTE_TYPE_ERROR, MOTE_RANGE_ERROR, MOTE_SYNTAX_ERROR);
    printf("hashes %d %d\n", HASH_SHA_256, HASH_SHA_384);
    printf("aeads %d %d %d %d %d %d %d\n", AEAD_AES_128_CCM_8, AEAD_AES_256_CCM_8, AEAD_AES_128_CCM, AEAD_AES_256_CCM,
           AEAD_AES_128_GCM, AEAD_CHACHA20_POLY1305, AEAD_AES_256_GCM);
    printf("io %d %d %d %d %d %d %d %d %d %d %d %d %d %d %d\n", IO_FAILED, IO_NOT_FOUND, IO_NO_SPACE,
           IO_INVALID_ARGUMENT, IO_PERMISSION_DENIED, IO_NOT_SUPPORTED, IO_TIMED_OUT, IO_WOULD_BLOCK, IO_HOST_NOT_FOUND,
           IO_ADDRESS_IN_USE, IO_HOST_UNREACHABLE, IO_NETWORK_UNREACHABLE, IO_CONNECTION_REFUSED, IO_CONNECTION_CLOSED,
           IO_MESSAGE_TOO_LARGE);
}

int main(void)
{
    print_operations();
    print_builtins();
    print_numbers();
#define X(name, function, arguments) printf("native " #name " %d\n", arguments);
    MOTE_NATIVES(X)
#undef X
    return 0;
}
