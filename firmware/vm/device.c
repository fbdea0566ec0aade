/* The other natives of ds: console output, parsing numbers, ending the program. */
#include "builtins.h"
#include "exception.h"
#include "heap.h"
#include "property.h"
#include "state.h"
#include "text.h"
#include "utf8_string.h"

#include <math.h>
#include <string.h>

static mote_value stop(mote_vm *vm, int code)
{
    mote_vm_stop(vm, code);
    return MOTE_FAILED;
}

static mote_value ds_panic(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    int32_t code = mote_to_int(vm, args[0]);
    return stop(vm, code <= 0 || code >= 60000 ? 59999 : code);
}

static mote_value ds_restart(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)args, (void)count;
    return stop(vm, MOTE_PANIC_RESTART);
}

static mote_value ds_format(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver;
    return mote_format_values(vm, args, count);
}

/** Prints line by line; a newline at the end does not start another line. */
static void print_lines(mote_vm *vm, char level, const char *text, uint32_t length)
{
    uint32_t from = 0;
    do {
        const char *end = memchr(text + from, '\n', length - from);
        uint32_t size = end == NULL ? length - from : (uint32_t)(end - text) - from;
        vm->host->print(vm->host->context, level, text + from, size);
        from += size + 1;
    } while (from < length);
}

static mote_value ds_print(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    uint32_t length;
    mote_value text = mote_to_string(vm, args[1]);
    if (text == MOTE_FAILED) return text;
    const char *bytes = mote_string_text(vm, text, &length, NULL);
    if (vm->host->print != NULL) print_lines(vm, (char)mote_to_int(vm, args[0]), bytes, length);
    return MOTE_UNDEFINED;
}

static mote_value ds_parse_float(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    return mote_number(vm, mote_to_double(vm, args[0]));
}

static mote_value ds_parse_int(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    return mote_number(vm, trunc(mote_to_double(vm, args[0])));
}

static mote_value ds_log_repr(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    text_builder text;
    if (!mote_text_begin(&text, vm, 200)) return MOTE_FAILED;
    if (args[1] != MOTE_UNDEFINED) {
        mote_text_add_value(&text, args[1]);
        mote_text_add_literal(&text, ": ");
    }
    bool done = mote_serialize(&text, args[0], STYLE_INSPECT, 0);
    if (done && vm->host->print != NULL) vm->host->print(vm->host->context, '>', mote_text_bytes(&text), text.length);
    mote_text_drop(&text);
    return done ? MOTE_UNDEFINED : MOTE_FAILED;
}

static mote_value text_or_undefined(mote_vm *vm, const char *text)
{
    return text == NULL ? MOTE_UNDEFINED : mote_string_new(vm, text, (uint32_t)strlen(text));
}

static mote_value ds_dcfg_string(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    uint32_t length;
    if (!mote_is_string(vm, args[0])) return MOTE_UNDEFINED;
    const char *key = mote_string_text(vm, args[0], &length, NULL);
    return strcmp(key, "archId") == 0 ? text_or_undefined(vm, vm->host->arch_id) : MOTE_UNDEFINED;
}

static mote_value ds_device_identifier(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    if (!mote_is_string(vm, args[0]) || !mote_string_equals(vm, args[0], builtin_value(S_self))) return MOTE_UNDEFINED;
    return text_or_undefined(vm, vm->host->device_id != NULL ? vm->host->device_id : "0000000000000000");
}

static mote_value ds_not_implemented(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)args, (void)count;
    return mote_throw_error(vm, MOTE_ERROR, "body missing");
}

/* Jacdac, which is not supported, and natives of TCP and I2C, which ports that have them replace. */
static mote_value not_supported(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)args, (void)count;
    return mote_throw_error(vm, MOTE_TYPE_ERROR, "native function not supported (yet)");
}

mote_value mote_socket_handler(mote_vm *vm)
{
    return mote_builtin_get(vm, OBJECT_DeviceScript, builtin_value(S__socketOnEvent));
}

const native_entry mote_device_natives[] = {
    {OBJECT_DeviceScript, S__panic, NATIVE_FUNCTION, 1, ds_panic},
    {OBJECT_DeviceScript, S_reboot, NATIVE_FUNCTION, 0, ds_restart},
    {OBJECT_DeviceScript, S_restart, NATIVE_FUNCTION, 0, ds_restart},
    {OBJECT_DeviceScript, S_format, NATIVE_FUNCTION, VARIADIC, ds_format},
    {OBJECT_DeviceScript, S_print, NATIVE_FUNCTION, 2, ds_print},
    {OBJECT_DeviceScript, S_parseFloat, NATIVE_FUNCTION, 1, ds_parse_float},
    {OBJECT_DeviceScript, S_parseInt, NATIVE_FUNCTION, 1, ds_parse_int},
    {OBJECT_DeviceScript, S__logRepr, NATIVE_FUNCTION, 2, ds_log_repr},
    {OBJECT_DeviceScript, S__dcfgString, NATIVE_FUNCTION, 1, ds_dcfg_string},
    {OBJECT_DeviceScript, S_deviceIdentifier, NATIVE_FUNCTION, 1, ds_device_identifier},
    {OBJECT_DeviceScript, S_notImplemented, NATIVE_FUNCTION, 0, ds_not_implemented},
    {OBJECT_DeviceScript, S__allocRole, NATIVE_FUNCTION, 2, not_supported},
    {OBJECT_DeviceScript, S__serverSend, NATIVE_FUNCTION, 2, not_supported},
    {OBJECT_DeviceScript, S__twinMessage, NATIVE_FUNCTION, 2, not_supported},
    {OBJECT_DeviceScript, S__socketOpen, NATIVE_FUNCTION, 2, not_supported},
    {OBJECT_DeviceScript, S__socketWrite, NATIVE_FUNCTION, 1, not_supported},
    {OBJECT_DeviceScript, S__socketClose, NATIVE_FUNCTION, 0, not_supported},
    {OBJECT_DeviceScript, S__i2cTransaction, NATIVE_FUNCTION, 3, not_supported},
    {0},
};
