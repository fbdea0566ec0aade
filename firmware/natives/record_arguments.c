#include "record_arguments.h"

bool mote_state_argument(mote_vm *vm, mote_value value, uint8_t **state)
{
    size_t length;
    if (!mote_target_argument(vm, value, "state", state, &length)) return false;
    if (length >= STATE_BYTES && length == STATE_BYTES + (size_t)(*state)[STATE_ID_BYTES]) return true;
    return mote_throw_range(vm, "state", "32 bytes and the connection id") != MOTE_FAILED;
}

bool mote_sequence_argument(mote_vm *vm, mote_value value, const char *name, uint64_t *number)
{
    int32_t low;
    double all;
    if (mote_is_int(vm, value, &low)) {
        *number = (uint64_t)low;
        if (low >= 0) return true;
    } else if (!mote_is_number(vm, value)) {
        return mote_throw_type(vm, name, "a number") != MOTE_FAILED;
    } else if ((all = mote_to_double(vm, value)) >= 0 && all <= (double)MOST_SEQUENCE) {
        *number = (uint64_t)all;
        if ((double)*number == all) return true;
    }
    return mote_throw_range(vm, name, "0 to 281474976710655") != MOTE_FAILED;
}

size_t mote_messages_argument(mote_vm *vm, mote_value messages)
{
    if (!mote_is_array(vm, messages)) return mote_throw_type(vm, "messages", "an array");
    size_t count = mote_array_length(vm, messages);
    if (count >= 1 && count <= MOST_MESSAGES) return count;
    return mote_throw_range(vm, "messages", "1 to 64 Buffers");
}

bool mote_message_argument(mote_vm *vm, mote_value messages, size_t index, const uint8_t *state, byte_view *message)
{
    message->data = mote_buffer(vm, mote_array_at(vm, messages, index), &message->length);
    if (message->data == NULL) return mote_throw_type(vm, "messages", "an array of Buffers") != MOTE_FAILED;
    if (message->data == state) return mote_throw_range(vm, "messages", "other Buffers than the state") != MOTE_FAILED;
    if (message->length <= MOST_MESSAGE_BYTES) return true;
    return mote_throw_range(vm, "messages", "at most 16384 bytes each") != MOTE_FAILED;
}
