/*
 * Numbers: a small integer if the value is an integer that fits in 31 bits, otherwise a boxed double.
 *
 * Invariant: a number has only one representation. Results that fit become small integers again, -0 and subnormals
 * become 0, and NaN and the infinities are immediates. So comparing words decides whether numbers are equal, except for
 * boxed doubles.
 */
#include "number.h"
#include "builtins.h"
#include "heap.h"
#include "interpreter.h"
#include "state.h"
#include "utf8_string.h"

#include <limits.h>
#include <math.h>
#include <string.h>

/** The halves of a double's bits. Most questions about a number are answered by them, without floating point. */
typedef struct {
    uint32_t low, high;
} double_bits;

static double_bits bits_of(double number)
{
    uint64_t bits;
    memcpy(&bits, &number, sizeof bits);
    return (double_bits){(uint32_t)bits, (uint32_t)(bits >> 32)};
}

static mote_value box(mote_vm *vm, double number)
{
    double_bits bits = bits_of(number);
    mote_value v = heap_new(vm, KIND_DOUBLE, sizeof(block_double) / 4);
    if (v == MOTE_FAILED) return v;
    block_double *block = at_offset(vm, v);
    block->low = bits.low;
    block->high = bits.high;
    return v;
}

mote_value mote_number(mote_vm *vm, double number)
{
    double_bits bits = bits_of(number);
    uint32_t exponent = bits.high >> 20 & 0x7ff, power = exponent - 1023;
    uint32_t top = 1u << 31 | bits.high << 11 | bits.low >> 21; /* of the fraction with its leading 1 */
    bool negative = bits.high >> 31 != 0;
    if (exponent == 0) return small_value(0);
    if (exponent == 0x7ff) {
        bool infinite = (top << 1 | bits.low) == 0;
        return !infinite ? VALUE_NAN : negative ? VALUE_MINUS_INFINITY : VALUE_INFINITY;
    }
    if (power < 31 && (top << power << 1 | bits.low << 11) == 0) {
        int32_t integer = (int32_t)(top >> (31 - power));
        if (negative) integer = -integer;
        if (fits_small(integer)) return small_value(integer);
    }
    return box(vm, number);
}

mote_value mote_int(mote_vm *vm, int32_t number)
{
    return fits_small(number) ? small_value(number) : box(vm, number);
}

mote_value mote_uint_value(mote_vm *vm, uint32_t number)
{
    return number <= (uint32_t)SMALL_MAX ? small_value((int32_t)number) : box(vm, number);
}

bool mote_is_number(const mote_vm *vm, mote_value v)
{
    if (is_small(v) || v == VALUE_NAN || v == VALUE_INFINITY || v == VALUE_MINUS_INFINITY) return true;
    return has_kind(vm, v, KIND_DOUBLE);
}

double mote_to_double(mote_vm *vm, mote_value v)
{
    return to_double(vm, v);
}

RARE double mote_other_to_double(mote_vm *vm, mote_value v)
{
    switch (v) {
    case MOTE_NULL:
    case MOTE_FALSE: return 0;
    case MOTE_TRUE: return 1;
    case VALUE_INFINITY: return INFINITY;
    case VALUE_MINUS_INFINITY: return -INFINITY;
    default: break;
    }
    if (!mote_is_string(vm, v)) return NAN;
    uint32_t length;
    return mote_text_to_double(mote_string_text(vm, v, &length, NULL), NULL);
}

/** ToInt32: modulo 2^32, as in ECMAScript; 0 for NaN and the infinities. */
int32_t mote_double_to_int32(double number)
{
    double_bits bits = bits_of(number);
    int shift = (int)(bits.high >> 20 & 0x7ff) - 1075;
    uint64_t mantissa = ((uint64_t)(bits.high << 12 >> 12 | 1u << 20) << 32) | bits.low;
    if (shift < -52 || shift >= 32) return 0;
    uint32_t low = (uint32_t)(shift < 0 ? mantissa >> -shift : mantissa << shift);
    return (int32_t)(bits.high >> 31 != 0 ? 0u - low : low);
}

int32_t mote_to_int(mote_vm *vm, mote_value v)
{
    if (is_small(v)) return small_int(v);
    if (v == MOTE_TRUE || v == VALUE_INFINITY || v == VALUE_MINUS_INFINITY) return 1;
    return mote_double_to_int32(mote_to_double(vm, v));
}

bool mote_is_int(mote_vm *vm, mote_value value, int32_t *number)
{
    *number = is_small(value) ? small_int(value) : 0;
    if (is_small(value) || !has_kind(vm, value, KIND_DOUBLE)) return is_small(value);
    double boxed = unbox(vm, value);
    *number = mote_double_to_int32(boxed);
    return boxed == (double)*number;
}

bool mote_to_bool(mote_vm *vm, mote_value v)
{
    if (is_small(v)) return small_int(v) != 0;
    int32_t integer;
    if (has_kind(vm, v, KIND_DOUBLE)) return mote_is_int(vm, v, &integer);
    if (v == MOTE_TRUE || v == VALUE_INFINITY || v == VALUE_MINUS_INFINITY) return true;
    if (has_tag(v, TAG_CONSTANT)) return false;
    return v != builtin_value(S_EMPTY);
}

/* Text to number. */

static double power_of_ten(int exponent)
{
    double result = 1, base = 10;
    for (unsigned left = (unsigned)(exponent < 0 ? -exponent : exponent); left > 0; left >>= 1) {
        if ((left & 1u) != 0) result *= base;
        base *= base;
    }
    return result;
}

static double scale(double number, int exponent)
{
    if (exponent < -300) return number / power_of_ten(300) / power_of_ten(-exponent - 300);
    return exponent < 0 ? number / power_of_ten(-exponent) : number * power_of_ten(exponent);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

unsigned mote_digit(char c)
{
    if (is_digit(c)) return (unsigned)(c - '0');
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'z' ? (unsigned)(c - 'a') + 10 : UINT_MAX;
}

static double parse_hex(const char *at, const char **end)
{
    double number = 0;
    for (unsigned digit; (digit = mote_digit(*at)) < 16; at++) number = number * 16 + digit;
    *end = at;
    return number;
}

/** Parses the exponent that may follow the digits: `e`, an optional sign, and digits. 0 if there is none. */
static int parse_exponent(const char *at, const char **end)
{
    *end = at;
    if ((*at | 0x20) != 'e') return 0;
    at++;
    bool negative = *at == '-';
    if (*at == '-' || *at == '+') at++;
    int exponent = 0;
    for (; is_digit(*at); at++) {
        if (exponent < 10000) exponent = exponent * 10 + (*at - '0');
        *end = at + 1;
    }
    return negative ? -exponent : exponent;
}

/** Parses decimal digits with an optional point; NAN if there are no digits. */
static double parse_decimal(const char *at, const char **end)
{
    uint64_t mantissa = 0;
    int exponent = 0;
    bool any = false, fraction = false;
    for (;; at++) {
        if (*at == '.' && !fraction) {
            fraction = true;
            continue;
        }
        if (!is_digit(*at)) break;
        any = true;
        if (mantissa < 100000000000000000ull) {
            mantissa = mantissa * 10 + (uint64_t)(*at - '0');
            exponent -= fraction;
        } else {
            exponent += !fraction;
        }
    }
    if (!any) return NAN;
    exponent += parse_exponent(at, end);
    return mantissa == 0 ? 0 : scale((double)mantissa, exponent);
}

static bool starts_with_inf(const char *at)
{
    return (at[0] | 0x20) == 'i' && (at[1] | 0x20) == 'n' && (at[2] | 0x20) == 'f';
}

/** Like strtod, for the forms of numbers that programs may use; NaN if there is no number. */
double mote_text_to_double(const char *text, const char **end)
{
    const char *after = text;
    while (*text == ' ' || (*text >= '\t' && *text <= '\r')) text++;
    bool negative = *text == '-';
    if (*text == '-' || *text == '+') text++;
    double number;
    if (text[0] == '0' && (text[1] | 0x20) == 'x' && mote_digit(text[2]) < 16) {
        number = parse_hex(text + 2, &after);
    } else if (starts_with_inf(text)) {
        number = INFINITY;
        after = text + 3;
    } else {
        number = parse_decimal(text, &after);
    }
    if (end != NULL) *end = after;
    return negative ? -number : number;
}

/* Number to text. */

static uint32_t put_text(char *to, const char *text)
{
    uint32_t length = (uint32_t)strlen(text);
    memcpy(to, text, length);
    return length;
}

static uint32_t put_integer(char *to, uint64_t number)
{
    char digits[20];
    uint32_t count = 0;
    do {
        digits[count++] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    for (uint32_t i = 0; i < count; i++) to[i] = digits[count - 1 - i];
    return count;
}

double mote_number_log10(double number)
{
    return log(number) * 0.43429448190325182765;
}

/** floor(log10(number)), exact: the logarithm may be off by one at powers of ten. */
static int decimal_exponent(double number)
{
    int p = (int)floor(mote_number_log10(number));
    if (scale(1, p) > number) return p - 1;
    return scale(1, p + 1) <= number ? p + 1 : p;
}

/** Writes `number` rounded half up to `decimals` places, without trailing zeros. */
static uint32_t put_fixed(char *to, double number, int decimals)
{
    if (decimals > 15) decimals = 15;
    while (decimals > 0 && number * power_of_ten(decimals) >= 1e17) decimals--;
    uint64_t scaled = (uint64_t)(number * power_of_ten(decimals) + 0.5);
    while (decimals > 0 && scaled % 10 == 0) {
        scaled /= 10;
        decimals--;
    }
    char digits[24];
    uint32_t count = put_integer(digits, scaled), length = 0;
    int whole = (int)count - decimals;
    if (whole <= 0) to[length++] = '0';
    for (int i = 0; i < whole; i++) to[length++] = digits[i];
    if (decimals > 0) to[length++] = '.';
    for (int i = whole; i < 0; i++) to[length++] = '0';
    for (int i = whole > 0 ? whole : 0; i < (int)count; i++) to[length++] = digits[i];
    return length;
}

/** Writes a number below 1e22 without its fraction: rounded to 15 significant digits, followed by zeros. */
static uint32_t put_whole(char *to, double number)
{
    int zeros = 0;
    while (number >= 9e18) {
        number /= 10;
        zeros++;
    }
    uint64_t whole = (uint64_t)(number + 0.5), step = 1;
    for (; whole / step >= 1000000000000000u; zeros++) step *= 10;
    uint32_t length = put_integer(to, (whole + step / 2) / step);
    while (zeros-- > 0) to[length++] = '0';
    return length;
}

static uint32_t put_exponential(char *to, double number, int digits)
{
    int p = decimal_exponent(number);
    double mantissa = scale(number, -p), step = power_of_ten(digits - 1);
    if (mantissa * step + 0.5 >= 10 * step) {
        mantissa = 1;
        p++;
    }
    uint32_t length = put_fixed(to, mantissa, digits - 1);
    to[length++] = 'e';
    to[length++] = p < 0 ? '-' : '+';
    return length + put_integer(to + length, (uint64_t)(p < 0 ? -p : p));
}

uint32_t mote_number_text(double number, int digits, char *text)
{
    uint32_t length = 0;
    if (digits > 15) digits = 15;
    if (number != number) return put_text(text, "NaN");
    if (number < 0) text[length++] = '-';
    number = fabs(number);
    if (isinf(number)) return length + put_text(text + length, "Infinity");
    if (number == 0) return put_text(text, "0");
    bool positional = number >= 1e-6 && number < 1.0000000000001e21;
    if (positional && (floor(number) == number || number >= 1e14)) return length + put_whole(text + length, number);
    if (!positional) return length + put_exponential(text + length, number, digits);
    int p = number < 1 ? -(int)-mote_number_log10(number) : decimal_exponent(number);
    int decimals = digits - p - 1;
    return length + put_fixed(text + length, number, decimals < 0 ? 0 : decimals);
}
