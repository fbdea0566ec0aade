/* The 94 operations of the bytecode: number, name, operands taken, and what follows the opcode byte. */
#ifndef MOTE_OPS_H
#define MOTE_OPS_H

#include <stdint.h>

enum immediate_kind {
    IMM_NONE,
    IMM_JUMP,
    IMM_LOCAL,
    IMM_GLOBAL,
    IMM_FUNCTION,
    IMM_BUILTIN_STRING,
    IMM_ASCII,
    IMM_UTF8,
    IMM_BUFFER,
    IMM_FLOAT,
    IMM_BUILTIN_OBJECT,
    IMM_SPEC,
    IMM_INT,
    IMM_SLOT /* of another activation: checked when it runs */
};

enum { EXPR, STMT, FINAL };

/* X(number, name, kind, operands, immediate) */
#define MOTE_OPS(X)                                                                                                    \
    X(1, BUILTIN_OBJECT, EXPR, 0, IMM_BUILTIN_OBJECT)                                                                  \
    X(2, CALL0, STMT, 1, IMM_NONE)                                                                                     \
    X(3, CALL1, STMT, 2, IMM_NONE)                                                                                     \
    X(4, CALL2, STMT, 3, IMM_NONE)                                                                                     \
    X(5, CALL3, STMT, 4, IMM_NONE)                                                                                     \
    X(6, CALL4, STMT, 5, IMM_NONE)                                                                                     \
    X(7, CALL5, STMT, 6, IMM_NONE)                                                                                     \
    X(8, CALL6, STMT, 7, IMM_NONE)                                                                                     \
    X(9, CALL7, STMT, 8, IMM_NONE)                                                                                     \
    X(10, CALL8, STMT, 9, IMM_NONE)                                                                                    \
    X(11, INDEX_DELETE, STMT, 2, IMM_NONE)                                                                             \
    X(12, RETURN, FINAL, 1, IMM_NONE)                                                                                  \
    X(13, JMP, FINAL, 0, IMM_JUMP)                                                                                     \
    X(14, JMP_Z, STMT, 1, IMM_JUMP)                                                                                    \
    X(15, BIND, EXPR, 2, IMM_NONE)                                                                                     \
    X(16, OBJECT_FIELD, EXPR, 0, IMM_BUILTIN_STRING)                                                                   \
    X(17, STORE_LOCAL, STMT, 1, IMM_LOCAL)                                                                             \
    X(18, STORE_GLOBAL, STMT, 1, IMM_GLOBAL)                                                                           \
    X(19, STORE_BUFFER, STMT, 4, IMM_NONE)                                                                             \
    X(20, INF, EXPR, 0, IMM_NONE)                                                                                      \
    X(21, LOAD_LOCAL, EXPR, 0, IMM_LOCAL)                                                                              \
    X(22, LOAD_GLOBAL, EXPR, 0, IMM_GLOBAL)                                                                            \
    X(23, UPLUS, EXPR, 1, IMM_NONE)                                                                                    \
    X(24, INDEX, EXPR, 2, IMM_NONE)                                                                                    \
    X(25, INDEX_SET, STMT, 3, IMM_NONE)                                                                                \
    X(26, BUILTIN_FIELD, EXPR, 1, IMM_BUILTIN_STRING)                                                                  \
    X(27, ASCII_FIELD, EXPR, 1, IMM_ASCII)                                                                             \
    X(28, UTF8_FIELD, EXPR, 1, IMM_UTF8)                                                                               \
    X(29, MATH_FIELD, EXPR, 0, IMM_BUILTIN_STRING)                                                                     \
    X(30, DS_FIELD, EXPR, 0, IMM_BUILTIN_STRING)                                                                       \
    X(31, ALLOC_MAP, STMT, 0, IMM_NONE)                                                                                \
    X(32, ALLOC_ARRAY, STMT, 1, IMM_NONE)                                                                              \
    X(33, ALLOC_BUFFER, STMT, 1, IMM_NONE)                                                                             \
    X(34, STATIC_SPEC_PROTO, EXPR, 0, IMM_SPEC)                                                                        \
    X(35, STATIC_BUFFER, EXPR, 0, IMM_BUFFER)                                                                          \
    X(36, STATIC_BUILTIN_STRING, EXPR, 0, IMM_BUILTIN_STRING)                                                          \
    X(37, STATIC_ASCII_STRING, EXPR, 0, IMM_ASCII)                                                                     \
    X(38, STATIC_UTF8_STRING, EXPR, 0, IMM_UTF8)                                                                       \
    X(39, STATIC_FUNCTION, EXPR, 0, IMM_FUNCTION)                                                                      \
    X(40, LITERAL, EXPR, 0, IMM_INT)                                                                                   \
    X(41, LITERAL_F64, EXPR, 0, IMM_FLOAT)                                                                             \
    X(43, LOAD_BUFFER, EXPR, 3, IMM_NONE)                                                                              \
    X(44, RET_VAL, EXPR, 0, IMM_NONE)                                                                                  \
    X(45, TYPEOF, EXPR, 1, IMM_NONE)                                                                                   \
    X(46, UNDEFINED, EXPR, 0, IMM_NONE)                                                                                \
    X(47, IS_UNDEFINED, EXPR, 1, IMM_NONE)                                                                             \
    X(48, TRUE, EXPR, 0, IMM_NONE)                                                                                     \
    X(49, FALSE, EXPR, 0, IMM_NONE)                                                                                    \
    X(50, TO_BOOL, EXPR, 1, IMM_NONE)                                                                                  \
    X(51, NAN, EXPR, 0, IMM_NONE)                                                                                      \
    X(52, ABS, EXPR, 1, IMM_NONE)                                                                                      \
    X(53, BIT_NOT, EXPR, 1, IMM_NONE)                                                                                  \
    X(54, IS_NAN, EXPR, 1, IMM_NONE)                                                                                   \
    X(55, NEG, EXPR, 1, IMM_NONE)                                                                                      \
    X(56, NOT, EXPR, 1, IMM_NONE)                                                                                      \
    X(57, TO_INT, EXPR, 1, IMM_NONE)                                                                                   \
    X(58, ADD, EXPR, 2, IMM_NONE)                                                                                      \
    X(59, SUB, EXPR, 2, IMM_NONE)                                                                                      \
    X(60, MUL, EXPR, 2, IMM_NONE)                                                                                      \
    X(61, DIV, EXPR, 2, IMM_NONE)                                                                                      \
    X(62, BIT_AND, EXPR, 2, IMM_NONE)                                                                                  \
    X(63, BIT_OR, EXPR, 2, IMM_NONE)                                                                                   \
    X(64, BIT_XOR, EXPR, 2, IMM_NONE)                                                                                  \
    X(65, SHIFT_LEFT, EXPR, 2, IMM_NONE)                                                                               \
    X(66, SHIFT_RIGHT, EXPR, 2, IMM_NONE)                                                                              \
    X(67, SHIFT_RIGHT_UNSIGNED, EXPR, 2, IMM_NONE)                                                                     \
    X(68, EQ, EXPR, 2, IMM_NONE)                                                                                       \
    X(69, LE, EXPR, 2, IMM_NONE)                                                                                       \
    X(70, LT, EXPR, 2, IMM_NONE)                                                                                       \
    X(71, NE, EXPR, 2, IMM_NONE)                                                                                       \
    X(72, IS_NULLISH, EXPR, 1, IMM_NONE)                                                                               \
    X(73, STORE_CLOSURE, STMT, 2, IMM_SLOT)                                                                            \
    X(74, LOAD_CLOSURE, EXPR, 1, IMM_SLOT)                                                                             \
    X(75, MAKE_CLOSURE, EXPR, 0, IMM_FUNCTION)                                                                         \
    X(76, TYPEOF_STR, EXPR, 1, IMM_NONE)                                                                               \
    X(78, JMP_RET_VAL_Z, STMT, 0, IMM_JUMP)                                                                            \
    X(79, CALL_ARRAY, STMT, 2, IMM_NONE)                                                                               \
    X(80, TRY, STMT, 0, IMM_JUMP)                                                                                      \
    X(81, END_TRY, FINAL, 0, IMM_JUMP)                                                                                 \
    X(82, CATCH, STMT, 0, IMM_NONE)                                                                                    \
    X(83, FINALLY, STMT, 0, IMM_NONE)                                                                                  \
    X(84, THROW, FINAL, 1, IMM_NONE)                                                                                   \
    X(85, RE_THROW, STMT, 1, IMM_NONE)                                                                                 \
    X(86, THROW_JMP, FINAL, 1, IMM_JUMP)                                                                               \
    X(87, DEBUGGER, STMT, 0, IMM_NONE)                                                                                 \
    X(88, NEW, EXPR, 1, IMM_NONE)                                                                                      \
    X(89, INSTANCE_OF, EXPR, 2, IMM_NONE)                                                                              \
    X(90, NULL, EXPR, 0, IMM_NONE)                                                                                     \
    X(91, APPROX_EQ, EXPR, 2, IMM_NONE)                                                                                \
    X(92, APPROX_NE, EXPR, 2, IMM_NONE)                                                                                \
    X(93, STORE_RET_VAL, STMT, 1, IMM_NONE)                                                                            \
    X(94, STATIC_SPEC, EXPR, 0, IMM_SPEC)

enum op {
#define X(number, name, kind, operands, immediate) OP_##name = number,
    MOTE_OPS(X)
#undef X
        OP_END = 95
};

/** Operations from here on push the integer (byte - OP_CONSTANT_ZERO). */
enum { OP_CONSTANTS = 0x80, OP_CONSTANT_ZERO = 0x90, FIRST_MULTIBYTE = 0xf8 };

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
