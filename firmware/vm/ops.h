/* The operations of the bytecode: bytecode.h lists them. */
#ifndef MOTE_OPS_H
#define MOTE_OPS_H

#include "bytecode.h"

#include <stdint.h>

/**
 * An expression pushes a value, a statement consumes the whole operand stack, and a final one ends its path: execution
 * does not continue after it.
 */
enum { EXPR, STMT, FINAL };

enum op {
#define X(number, name, kind, operands, immediate) OP_##name = number,
    MOTE_OPS(X)
#undef X
};

/** Per opcode: operands in bits 0-3, immediate kind in bits 4-7. 0xff: no such operation. */
extern const uint8_t mote_op_shape[OP_END];
/** EXPR, STMT or FINAL. */
extern const uint8_t mote_op_kind[OP_END];

/** Moves past an immediate. A condition, which processors predict, gives the next `pc` sooner than arithmetic. */
static inline __attribute__((always_inline)) void skip_immediate(const uint8_t **pc)
{
    uint32_t first = *(*pc)++;
    if (__builtin_expect(first >= FIRST_MULTIBYTE, 0)) *pc += (first & 3u) + 1;
}

/** An immediate and where it ends. */
typedef struct {
    const uint8_t *end;
    int32_t value;
} decoded_immediate;

/** At most 5 bytes. */
static inline decoded_immediate decode_immediate(const uint8_t *at)
{
    uint32_t first = *at++;
    if (first < FIRST_MULTIBYTE) return (decoded_immediate){at, (int32_t)first};
    uint32_t value = 0;
    for (uint32_t left = (first & 3u) + 1; left > 0; left--) value = (value << 8) | *at++;
    return (decoded_immediate){at, (int32_t)((first & 4u) != 0 ? 0u - value : value)};
}

/**
 * Decodes an immediate and moves past it. Inlined everywhere: a position whose address a call gets cannot stay in a
 * register.
 */
static inline __attribute__((always_inline)) int32_t read_immediate(const uint8_t **pc)
{
    decoded_immediate decoded = decode_immediate(*pc);
    *pc = decoded.end;
    return decoded.value;
}

#endif
