/* Settings, log, clocks, name resolution, storage. */
#include "arguments.h"
#include "natives.h"
#include "port.h"
#include "program.h"
#include "work.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_ADDRESSES = 5, MOST_NAME = 14, HOST_NAME_BYTES = 256, MOST_LOG_LEVEL = 3 };

/* Host names */

typedef struct {
    work base;
    char host[HOST_NAME_BYTES];
    char addresses[MOST_ADDRESSES][ADDRESS_BYTES];
} resolving;

static void run_resolve(work *self)
{
    resolving *job = (resolving *)self;
    mote_port_resolve(job->host, job->addresses, MOST_ADDRESSES);
}

static mote_value finish_resolve(mote_vm *vm, work *self)
{
    resolving *job = (resolving *)self;
    mote_value list = mote_new_array(vm);
    unsigned pin = list == MOTE_FAILED ? 0 : mote_pin(vm, list);
    for (unsigned i = 0; pin != 0 && job->addresses[i][0] != 0; i++) {
        mote_value text = mote_new_string(vm, job->addresses[i], strlen(job->addresses[i]));
        if (text == MOTE_FAILED || !mote_array_push(vm, list, text)) break;
    }
    if (pin != 0) mote_unpin(vm, pin);
    return list;
}

mote_value mote_native_resolve(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    resolving *job = calloc(1, sizeof *job);
    if (job == NULL) return mote_throw(vm, MOTE_ERROR, "no native memory left for names");
    job->base.bytes = sizeof *job;
    job->base.run = run_resolve;
    job->base.finish = finish_resolve;
    if (mote_short_text_argument(vm, args[0], "host", job->host, HOST_NAME_BYTES))
        return mote_work_start(vm, &job->base);
    free(job);
    return MOTE_FAILED;
}

/* Storage */

static bool name_argument(mote_vm *vm, mote_value value, char *name)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
    const char *text;
    size_t length;
    if (!mote_text_argument(vm, value, "name", &text, &length)) return false;
    if (length < 1 || length > MOST_NAME || strspn(text, allowed) != length)
        return mote_throw_range(vm, "name", "1 to 14 letters, digits, - or _") != MOTE_FAILED;
    if (strncmp(text, "mote-slot-", 10) == 0) /* reserved for the firmware: program.c */
        return mote_throw_range(vm, "name", "none of the firmware's") != MOTE_FAILED;
    memcpy(name, text, length + 1);
    return true;
}

mote_value mote_native_storage_load(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    char name[MOST_NAME + 1];
    if (!name_argument(vm, args[0], name)) return MOTE_FAILED;
    int32_t length = mote_storage_load(name, NULL, 0);
    if (length < 0) return MOTE_UNDEFINED;
    mote_value blob = mote_new_buffer(vm, (size_t)length);
    if (blob == MOTE_FAILED) return blob;
    return mote_storage_load(name, mote_bytes_of_buffer(vm, blob), (size_t)length) == length ? blob : MOTE_UNDEFINED;
}

mote_value mote_native_storage_save(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    char name[MOST_NAME + 1];
    byte_view value;
    if (!name_argument(vm, args[0], name) || !mote_buffer_argument(vm, args[1], "value", &value)) return MOTE_FAILED;
    return mote_int(vm, mote_storage_save(name, value.data, value.length));
}

mote_value mote_native_storage_remove(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    char name[MOST_NAME + 1];
    if (!name_argument(vm, args[0], name)) return MOTE_FAILED;
    return mote_int(vm, mote_storage_remove(name));
}

/* Clocks, settings, log */

mote_value mote_native_wall_clock(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)args, (void)count;
    uint64_t seconds = mote_port_wall_clock();
    return seconds == 0 ? MOTE_UNDEFINED : mote_number(vm, (double)seconds);
}

mote_value mote_native_setting(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    const char *name;
    size_t length;
    if (!mote_text_argument(vm, args[0], "name", &name, &length)) return MOTE_FAILED;
    const char *value = mote_port_setting(name, &length);
    return value == NULL ? MOTE_UNDEFINED : mote_new_string(vm, value, length);
}

mote_value mote_native_log(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    int32_t level;
    const char *message;
    size_t length;
    if (!mote_integer_argument(vm, args[0], "level", 0, MOST_LOG_LEVEL, &level)) return MOTE_FAILED;
    message = mote_is_string(vm, args[1]) ? mote_string(vm, args[1], &length) : NULL;
    if (message == NULL) return mote_throw_type(vm, "message", "a string");
    mote_port_log(level, message, length);
    return MOTE_UNDEFINED;
}

mote_value mote_native_reboot_reason(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)args, (void)count;
    const char *reason = mote_port_reboot_reason();
    return mote_new_string(vm, reason, strlen(reason));
}

mote_value mote_native_free_memory(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)args, (void)count;
    return mote_number(vm, (double)mote_port_free_memory());
}

mote_value mote_native_deep_sleep(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    int32_t ms;
    if (!mote_integer_argument(vm, args[0], "ms", 1, INT32_MAX, &ms)) return MOTE_FAILED;
    mote_program_confirm_chosen(); /* a sleep is not a crash, however early */
    mote_natives_close(vm);
    mote_port_deep_sleep((uint64_t)ms);
}

/* I2C, for @devicescript/i2c */

mote_value mote_native_i2c_transaction(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    int32_t address;
    byte_view bytes;
    uint8_t *target = NULL;
    size_t size = 0;
    if (!mote_integer_argument(vm, args[0], "addr", 0, 127, &address) ||
        !mote_buffer_argument(vm, args[1], "wrbuf", &bytes))
        return MOTE_FAILED;
    if (args[2] != MOTE_UNDEFINED && !mote_target_argument(vm, args[2], "rdbuf", &target, &size)) return MOTE_FAILED;
    return mote_int(vm, mote_port_i2c_transfer((uint8_t)address, bytes.data, bytes.length, target, size));
}
