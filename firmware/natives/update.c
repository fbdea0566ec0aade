/* Natives with which a program inspects the program slots and writes another program. */
#include "arguments.h"
#include "program_update.h"

#include <math.h>

/** Upper limit for any slot, whatever its size. */
enum { MOST_IMAGE = INT32_MAX };

mote_value mote_native_program_number(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    int32_t which;
    if (!mote_integer_argument(vm, args[0], "which", 0, 1, &which)) return MOTE_FAILED;
    const program_choice *program = mote_program_chosen();
    if (program->image == NULL) return mote_int(vm, 0);
    return mote_number(vm, which == 0 ? program->number : program->other_number);
}

mote_value mote_native_program_is_on_trial(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)vm, (void)receiver, (void)args, (void)count;
    const program_choice *program = mote_program_chosen();
    return mote_bool(program->on_trial || program->unconfirmed);
}

mote_value mote_native_program_confirm(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)vm, (void)receiver, (void)args, (void)count;
    mote_program_confirm_itself();
    return MOTE_UNDEFINED;
}

mote_value mote_native_update_room(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)args, (void)count;
    return mote_int(vm, (int32_t)mote_update_room());
}

mote_value mote_native_update_erase(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    int32_t length;
    if (!mote_integer_argument(vm, args[0], "length", 1, MOST_IMAGE, &length)) return MOTE_FAILED;
    return mote_int(vm, mote_update_erase((size_t)length));
}

mote_value mote_native_update_written(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)args, (void)count;
    return mote_int(vm, mote_update_written());
}

mote_value mote_native_update_write(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    int32_t offset;
    byte_view bytes;
    if (!mote_integer_argument(vm, args[0], "offset", 0, MOST_IMAGE, &offset) ||
        !mote_buffer_argument(vm, args[1], "bytes", &bytes))
        return MOTE_FAILED;
    return mote_int(vm, mote_update_write((size_t)offset, bytes.data, bytes.length));
}

mote_value mote_native_update_read(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    int32_t offset;
    uint8_t *target;
    size_t length;
    if (!mote_integer_argument(vm, args[0], "offset", 0, MOST_IMAGE, &offset) ||
        !mote_target_argument(vm, args[1], "target", &target, &length))
        return MOTE_FAILED;
    return mote_int(vm, mote_update_read((size_t)offset, target, length));
}

mote_value mote_native_update_finish(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    int32_t length;
    if (!mote_integer_argument(vm, args[0], "length", 1, MOST_IMAGE, &length)) return MOTE_FAILED;
    if (!mote_is_number(vm, args[1])) return mote_throw_type(vm, "number", "a number");
    double number = mote_to_double(vm, args[1]);
    if (!(number >= 1 && number <= UINT32_MAX) || floor(number) != number)
        return mote_throw_range(vm, "number", "1 to 4294967295");
    return mote_int(vm, mote_update_finish((size_t)length, (uint32_t)number));
}
