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

/** Decodes an immediate and moves past it. At most 5 bytes. */
static inline int32_t read_immediate(const uint8_t **pc)
{
    const uint8_t *at = *pc;
    uint32_t first = *at++;
    if (first < FIRST_MULTIBYTE) {
        *pc = at;
        return (int32_t)first;
    }
    uint32_t value = 0;
    for (uint32_t left = (first & 3u) + 1; left > 0; left--) value = (value << 8) | *at++;
    *pc = at;
    return (int32_t)((first & 4u) != 0 ? 0u - value : value);
}

#endif
