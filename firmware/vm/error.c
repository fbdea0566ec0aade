/*
 * Raising exceptions and panics, and the Error classes.
 *
 * An exception is pending while vm->exception holds it, a panic while vm->panic holds a code. A function that finds one
 * pending returns at once, up to the interpreter's loop, which unwinds (unwind.c) or stops. A panic is final: only the
 * first one counts, and programs cannot catch it. The stack trace is recorded when an exception is raised, because
 * unwinding loses the positions.
 */
#include "activation.h"
#include "builtins.h"
#include "exception.h"
#include "heap.h"
#include "interpreter.h"
#include "native_lookup.h"
#include "number.h"
#include "object.h"
#include "property.h"
#include "state.h"
#include "text.h"
#include "utf8_string.h"

#include <stdarg.h>
#include <string.h>

/** Records the positions of all active calls, innermost first, for the stack trace. */
static void record_trace(mote_vm *vm)
{
    vm->trace_length = 0;
    if (vm->link == NULL) return;
    const mote_value *link = vm->link;
    uint32_t position = (uint32_t)(vm->pc - vm->image.bytes);
    for (;;) {
        vm->trace[vm->trace_length++] = position;
        if (!has_caller(link) || vm->trace_length == TRACE_DEPTH) return;
        position = (uint32_t)small_int(link[1]);
        link = link_of_caller(vm, link);
    }
}

/** Only the first panic counts. An uncaught exception already has its trace. */
void mote_vm_stop(mote_vm *vm, int code)
{
    if (vm->panic != MOTE_RUNNING) return;
    vm->panic = code;
    vm->heap.threshold = 0; /* allocations fail from now on */
    if (code != MOTE_PANIC_UNHANDLED) record_trace(vm);
}

void mote_raise(mote_vm *vm, mote_value exception)
{
    vm->exception = exception;
    record_trace(vm);
}

static enum builtin_object prototype_of_kind(enum mote_error kind)
{
    switch (kind) {
    case MOTE_TYPE_ERROR: return OBJECT_TypeError_prototype;
    case MOTE_RANGE_ERROR: return OBJECT_RangeError_prototype;
    case MOTE_SYNTAX_ERROR: return OBJECT_SyntaxError_prototype;
    default: return OBJECT_Error_prototype;
    }
}

mote_value mote_throw(mote_vm *vm, enum mote_error kind, const char *message)
{
    /* Without a running fiber there is no code that could catch it. */
    if (vm->panic != MOTE_RUNNING || vm->current == 0) return MOTE_FAILED;
    mote_value error = mote_map_new(vm, immediate(TAG_BUILTIN, (uint32_t)prototype_of_kind(kind)));
    if (error == MOTE_FAILED) return error;
    root_push(vm, error);
    mote_value text = mote_string_from_bytes(vm, (const uint8_t *)message, (uint32_t)strlen(message));
    if (text != MOTE_FAILED && mote_map_set(vm, error, builtin_value(S_message), text)) mote_raise(vm, error);
    roots_drop(vm, 1);
    return MOTE_FAILED;
}

enum { MOST_MESSAGE = 120 };

static uint32_t add_text(char *to, uint32_t at, const char *text)
{
    while (*text != 0 && at < MOST_MESSAGE) to[at++] = *text++;
    return at;
}

/** Formats: %s and %u. */
mote_value mote_throw_error(mote_vm *vm, enum mote_error kind, const char *format, ...)
{
    char message[MOST_MESSAGE + 1];
    char digits[NUMBER_TEXT];
    uint32_t at = 0;
    va_list args;
    va_start(args, format);
    for (const char *from = format; *from != 0; from++) {
        if (*from != '%') {
            if (at < MOST_MESSAGE) message[at++] = *from;
            continue;
        }
        from++;
        if (*from == 's') {
            at = add_text(message, at, va_arg(args, const char *));
        } else {
            digits[mote_number_text(va_arg(args, unsigned), 7, digits)] = 0;
            at = add_text(message, at, digits);
        }
    }
    va_end(args);
    message[at] = 0;
    return mote_throw(vm, kind, message);
}

mote_value mote_throw_expecting(mote_vm *vm, const char *what, mote_value got)
{
    uint32_t length;
    mote_value text = mote_to_string(vm, got);
    if (text == MOTE_FAILED) return text;
    return mote_throw_error(vm, MOTE_TYPE_ERROR, "expecting %s; got %s", what,
                            mote_string_text(vm, text, &length, NULL));
}

/* Natives. */

static mote_value construct(mote_vm *vm, mote_value receiver, mote_value message, enum mote_error kind)
{
    static const uint8_t names[] = {S_Error, S_TypeError, S_RangeError, S_SyntaxError};
    block_map *map = at_offset(vm, receiver);
    /* A subclass has its prototype already. */
    if (map->prototype == MOTE_UNDEFINED) map->prototype = immediate(TAG_BUILTIN, (uint32_t)prototype_of_kind(kind));
    message = message == MOTE_UNDEFINED ? builtin_value((enum builtin_string)names[kind]) : mote_to_string(vm, message);
    if (message == MOTE_FAILED) return message;
    return mote_map_set(vm, receiver, builtin_value(S_message), message) ? receiver : MOTE_FAILED;
}

static mote_value error_construct(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)count;
    return construct(vm, receiver, args[0], MOTE_ERROR);
}

static mote_value type_error_construct(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)count;
    return construct(vm, receiver, args[0], MOTE_TYPE_ERROR);
}

static mote_value range_error_construct(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)count;
    return construct(vm, receiver, args[0], MOTE_RANGE_ERROR);
}

static mote_value syntax_error_construct(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)count;
    return construct(vm, receiver, args[0], MOTE_SYNTAX_ERROR);
}

/** The name of the exception's constructor. */
const char *mote_error_class(mote_vm *vm, mote_value exception, uint32_t *length)
{
    mote_value ctor = mote_property_get_unbound(vm, exception, builtin_value(S_constructor));
    if (is_code(ctor)) return mote_function_name(vm, ctor, length);
    *length = 5;
    return "Error";
}

static mote_value error_name(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)args, (void)count;
    uint32_t length;
    const char *name = mote_error_class(vm, receiver, &length);
    return mote_string_new(vm, name, length);
}

static void print_text(mote_vm *vm, char level, text_builder *text)
{
    if (vm->host->print != NULL) vm->host->print(vm->host->context, level, mote_text_bytes(text), text->length);
}

static mote_value error_print(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)args, (void)count;
    text_builder text;
    mote_value name = mote_property_get_unbound(vm, receiver, builtin_value(S_name));
    root_push(vm, name);
    if (name == MOTE_FAILED || !mote_text_begin(&text, vm, 200)) {
        roots_drop(vm, 1);
        return MOTE_FAILED;
    }
    mote_text_add_value(&text, name);
    mote_text_add_literal(&text, ": ");
    mote_value message = mote_property_get_unbound(vm, receiver, builtin_value(S_message));
    if (message != MOTE_FAILED) mote_text_add_value(&text, message);
    if (!text.failed) print_text(vm, '!', &text);
    mote_text_drop(&text);
    roots_drop(vm, 1);
    return message == MOTE_FAILED ? message : MOTE_UNDEFINED;
}

const native_entry mote_error_natives[] = {
    {OBJECT_Error, S___func__, NATIVE_CTOR, 1, error_construct},
    {OBJECT_TypeError, S___func__, NATIVE_CTOR, 1, type_error_construct},
    {OBJECT_RangeError, S___func__, NATIVE_CTOR, 1, range_error_construct},
    {OBJECT_SyntaxError, S___func__, NATIVE_CTOR, 1, syntax_error_construct},
    {OBJECT_Error_prototype, S_name, NATIVE_PROPERTY, 0, error_name},
    {OBJECT_Error_prototype, S_print, NATIVE_METHOD, 0, error_print},
    {0},
};
