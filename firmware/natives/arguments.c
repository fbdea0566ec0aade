#include "arguments.h"
#include "natives.h"

#include <stdio.h>
#include <string.h>

static mote_value throw_named(mote_vm *vm, enum mote_error kind, const char *name, const char *wanted)
{
    char message[112];
    snprintf(message, sizeof message, "%s: %s must be %s", mote_natives[mote_running_native(vm)].name, name, wanted);
    return mote_throw(vm, kind, message);
}

mote_value mote_throw_type(mote_vm *vm, const char *name, const char *wanted)
{
    return throw_named(vm, MOTE_TYPE_ERROR, name, wanted);
}

mote_value mote_throw_range(mote_vm *vm, const char *name, const char *wanted)
{
    return throw_named(vm, MOTE_RANGE_ERROR, name, wanted);
}

bool mote_integer_argument(mote_vm *vm, mote_value value, const char *name, int32_t least, int32_t most,
                           int32_t *number)
{
    char wanted[32];
    if (mote_is_int(vm, value, number)) {
        if (*number >= least && *number <= most) return true;
    } else if (!mote_is_number(vm, value)) {
        return mote_throw_type(vm, name, "a number") != MOTE_FAILED;
    }
    snprintf(wanted, sizeof wanted, "%ld to %ld", (long)least, (long)most);
    return mote_throw_range(vm, name, wanted) != MOTE_FAILED;
}

bool mote_buffer_argument(mote_vm *vm, mote_value value, const char *name, byte_view *bytes)
{
    bytes->data = mote_buffer(vm, value, &bytes->length);
    return bytes->data != NULL || mote_throw_type(vm, name, "a Buffer") != MOTE_FAILED;
}

bool mote_sized_argument(mote_vm *vm, mote_value value, const char *name, size_t length, const uint8_t **bytes)
{
    byte_view view;
    char wanted[24];
    if (!mote_buffer_argument(vm, value, name, &view)) return false;
    *bytes = view.data;
    if (view.length == length) return true;
    snprintf(wanted, sizeof wanted, "%u bytes", (unsigned)length);
    return mote_throw_range(vm, name, wanted) != MOTE_FAILED;
}

bool mote_target_argument(mote_vm *vm, mote_value value, const char *name, uint8_t **bytes, size_t *length)
{
    *bytes = mote_buffer(vm, value, length);
    if (*bytes == NULL) return mote_throw_type(vm, name, "a Buffer") != MOTE_FAILED;
    return mote_buffer_is_writable(vm, value) || mote_throw_type(vm, name, "a writable Buffer") != MOTE_FAILED;
}

bool mote_text_argument(mote_vm *vm, mote_value value, const char *name, const char **text, size_t *length)
{
    *text = mote_is_string(vm, value) ? mote_string(vm, value, length) : NULL;
    if (*text == NULL) return mote_throw_type(vm, name, "a string") != MOTE_FAILED;
    return strlen(*text) == *length || mote_throw_range(vm, name, "without NUL") != MOTE_FAILED;
}

bool mote_short_text_argument(mote_vm *vm, mote_value value, const char *name, char *text, size_t size)
{
    const char *whole;
    size_t length;
    char wanted[32];
    if (!mote_text_argument(vm, value, name, &whole, &length)) return false;
    if (length < size) {
        memcpy(text, whole, length + 1);
        return true;
    }
    snprintf(wanted, sizeof wanted, "at most %u bytes", (unsigned)size - 1);
    return mote_throw_range(vm, name, wanted) != MOTE_FAILED;
}

uint8_t *mote_bytes_of_buffer(mote_vm *vm, mote_value buffer)
{
    size_t length;
    return mote_buffer(vm, buffer, &length);
}

mote_value mote_new_buffer_of(mote_vm *vm, const uint8_t *bytes, size_t length)
{
    mote_value result = mote_new_buffer(vm, length);
    if (result != MOTE_FAILED && length > 0) memcpy(mote_bytes_of_buffer(vm, result), bytes, length);
    return result;
}
