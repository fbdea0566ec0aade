/* memcpy, memmove and memset by words, like in the board's ROM, because picolibc's for RV32 work byte by byte. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#pragma GCC optimize("O2", "no-tree-loop-distribute-patterns")

typedef uint32_t __attribute__((may_alias)) word;

static inline int together(const void *a, const void *b)
{
    return (((uintptr_t)a ^ (uintptr_t)b) & 3) == 0;
}

void *memcpy(void *restrict target, const void *restrict source, size_t length)
{
    uint8_t *to = target;
    const uint8_t *from = source;
    if (together(to, from)) {
        for (; length > 0 && ((uintptr_t)to & 3) != 0; length--) *to++ = *from++;
        for (; length >= 16; length -= 16, to += 16, from += 16) {
            word a = ((const word *)from)[0], b = ((const word *)from)[1];
            word c = ((const word *)from)[2], d = ((const word *)from)[3];
            ((word *)to)[0] = a;
            ((word *)to)[1] = b;
            ((word *)to)[2] = c;
            ((word *)to)[3] = d;
        }
        for (; length >= 4; length -= 4, to += 4, from += 4) *(word *)to = *(const word *)from;
    }
    for (; length >= 4; length -= 4, to += 4, from += 4) {
        uint8_t a = from[0], b = from[1], c = from[2], d = from[3];
        to[0] = a;
        to[1] = b;
        to[2] = c;
        to[3] = d;
    }
    while (length-- > 0) *to++ = *from++;
    return target;
}

void *memmove(void *target, const void *source, size_t length)
{
    uint8_t *to = target;
    const uint8_t *from = source;
    if (to <= from || to >= from + length) return memcpy(target, source, length);
    to += length;
    from += length;
    if (together(to, from)) {
        for (; length > 0 && ((uintptr_t)to & 3) != 0; length--) *--to = *--from;
        for (; length >= 4; length -= 4) {
            to -= 4;
            from -= 4;
            *(word *)to = *(const word *)from;
        }
    }
    while (length-- > 0) *--to = *--from;
    return target;
}

void *memset(void *target, int byte, size_t length)
{
    uint8_t *to = target;
    word filled = (uint8_t)byte * 0x01010101u;
    for (; length > 0 && ((uintptr_t)to & 3) != 0; length--) *to++ = (uint8_t)byte;
    for (; length >= 16; length -= 16, to += 16)
        ((word *)to)[0] = ((word *)to)[1] = ((word *)to)[2] = ((word *)to)[3] = filled;
    for (; length >= 4; length -= 4, to += 4) *(word *)to = filled;
    while (length-- > 0) *to++ = (uint8_t)byte;
    return target;
}
