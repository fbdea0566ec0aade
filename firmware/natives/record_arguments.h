/* The arguments that the natives for records have in common: the usual case inline (quick_arguments.h). */
#ifndef MOTE_RECORD_ARGUMENTS_H
#define MOTE_RECORD_ARGUMENTS_H

#include "quick_arguments.h"
#include "record_state.h"

/* All of these throw and return false, or a count of 0, if the argument is not what it must be. */

bool mote_state_argument(mote_vm *vm, mote_value value, uint8_t **state);
bool mote_sequence_argument(mote_vm *vm, mote_value value, const char *name, uint64_t *number);
size_t mote_messages_argument(mote_vm *vm, mote_value messages);
bool mote_message_argument(mote_vm *vm, mote_value messages, size_t index, const uint8_t *state, byte_view *message);

/** A Buffer of the state's size. */
static inline bool quick_state_argument(mote_vm *vm, mote_value value, uint8_t **state)
{
    size_t length;
    if (!has_kind(vm, value, KIND_BUFFER)) return mote_state_argument(vm, value, state);
    *state = quick_bytes(vm, value, &length);
    if (length >= STATE_BYTES && length == STATE_BYTES + (size_t)(*state)[STATE_ID_BYTES]) return true;
    return mote_state_argument(vm, value, state);
}

/** 0 to 2^48 - 1. */
static inline bool quick_sequence_argument(mote_vm *vm, mote_value value, const char *name, uint64_t *number)
{
    *number = (uint32_t)small_int(value);
    return (is_small(value) && small_int(value) >= 0) || mote_sequence_argument(vm, value, name, number);
}

/** Bytes [offset, end) of a datagram, given by three arguments. */
static inline bool quick_range_argument(mote_vm *vm, const mote_value *args, byte_view *range)
{
    int32_t offset, end;
    if (!quick_buffer_argument(vm, args[0], "datagram", range) ||
        !quick_integer_argument(vm, args[2], "end", 0, (int32_t)range->length, &end) ||
        !quick_integer_argument(vm, args[1], "offset", 0, end, &offset))
        return false;
    range->data += offset;
    range->length = (size_t)(end - offset);
    return true;
}

/** The number of messages: it is an array of 1 to 64. */
static inline size_t quick_messages_argument(mote_vm *vm, mote_value messages)
{
    size_t count = has_kind(vm, messages, KIND_ARRAY) ? ((const block_array *)at_offset(vm, messages))->length : 0;
    return count >= 1 && count <= MOST_MESSAGES ? count : mote_messages_argument(vm, messages);
}

/** The message with that index, which is below their number. */
static inline bool quick_message_argument(mote_vm *vm, mote_value messages, size_t index, const uint8_t *state,
                                          byte_view *message)
{
    mote_value value = quick_element(vm, messages, index);
    if (!has_kind(vm, value, KIND_BUFFER)) return mote_message_argument(vm, messages, index, state, message);
    message->data = quick_bytes(vm, value, &message->length);
    return (message->data != state && message->length <= MOST_MESSAGE_BYTES) ||
           mote_message_argument(vm, messages, index, state, message);
}

/** A sequence number as a value. */
static inline mote_value quick_sequence_value(mote_vm *vm, uint64_t number)
{
    return number <= (uint64_t)SMALL_MAX ? small_value((int32_t)number) : mote_number(vm, (double)number);
}

#endif
