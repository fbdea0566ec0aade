#include "handles.h"
#include "arguments.h"

typedef struct {
    void *object;
    mote_value owner; /* or 0 */
    uint16_t number;  /* of the last handle: the slot's place plus 1, and from bit 8 on a generation, 0 to 127 */
    uint8_t kind;
    bool orphan; /* its owner was collected */
} slot;

static slot slots[MOTE_HANDLES];
static void (*closing[HANDLE_RECORD + 1])(void *object); /* by kind */
static unsigned next, orphans;

static slot *slot_of(int32_t handle)
{
    unsigned index = ((unsigned)handle & 0xff) - 1;
    if (index >= MOTE_HANDLES || slots[index].number != handle || slots[index].kind == HANDLE_FREE) return NULL;
    return &slots[index];
}

/** Slots are used in turn, so a number is reused only after 128 rounds. */
static bool find_free(unsigned *index)
{
    for (unsigned tries = 0; tries < MOTE_HANDLES; tries++) {
        *index = next;
        next = (next + 1) % MOTE_HANDLES;
        if (slots[*index].kind == HANDLE_FREE) return true;
    }
    return false;
}

mote_value mote_handle_new(mote_vm *vm, handle_kind kind, void *object, void (*close)(void *object))
{
    unsigned index;
    mote_handles_release();
    if (object == NULL) return mote_throw(vm, MOTE_ERROR, "no native memory left for cryptography");
    bool free = find_free(&index);
    if (!free) {
        /* Some owners may be garbage that has not been collected yet. */
        mote_handles_reclaim(vm);
        free = find_free(&index);
    }
    if (!free) {
        close(object);
        return mote_throw(vm, MOTE_ERROR, "too many open crypto handles");
    }
    unsigned generation = ((unsigned)slots[index].number >> 8) + 1;
    slots[index].object = object;
    closing[kind] = close;
    slots[index].kind = (uint8_t)kind;
    slots[index].number = (uint16_t)((generation & 0x7f) << 8 | (index + 1));
    return mote_int(vm, slots[index].number);
}

void *mote_handle_object(int32_t handle, handle_kind kind)
{
    unsigned index = ((unsigned)handle & 0xff) - 1;
    if (index >= MOTE_HANDLES || slots[index].number != handle || slots[index].kind != kind) return NULL;
    return slots[index].object;
}

void *mote_handle_argument(mote_vm *vm, mote_value value, const char *name, handle_kind kind)
{
    int32_t handle;
    if (!mote_integer_argument(vm, value, name, 1, HIGHEST_HANDLE, &handle)) return NULL;
    void *object = mote_handle_object(handle, kind);
    if (object == NULL) mote_throw_range(vm, name, "an open handle");
    return object;
}

static void close_slot(slot *used)
{
    closing[used->kind](used->object);
    used->object = NULL;
    used->kind = HANDLE_FREE;
    used->owner = 0;
    if (used->orphan) orphans--;
    used->orphan = false;
}

void mote_handle_close(int32_t handle)
{
    slot *found = slot_of(handle);
    if (found != NULL) close_slot(found);
}

mote_value mote_native_crypto_owned(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    int32_t handle;
    if (!mote_integer_argument(vm, args[0], "handle", 1, HIGHEST_HANDLE, &handle)) return MOTE_FAILED;
    slot *found = slot_of(handle);
    if (found == NULL) return mote_throw_range(vm, "handle", "an open handle");
    if (!mote_is_object(vm, args[1])) return mote_throw_type(vm, "owner", "an object");
    if (found->orphan) orphans--;
    found->orphan = false;
    found->owner = args[1];
    return args[0];
}

void mote_handles_collected(const mote_vm *vm)
{
    for (unsigned i = 0; i < MOTE_HANDLES; i++)
        if (slots[i].owner != 0 && !mote_is_alive(vm, slots[i].owner)) {
            slots[i].owner = 0;
            slots[i].orphan = true;
            orphans++;
        }
}

void mote_handles_release(void)
{
    for (unsigned i = 0; i < MOTE_HANDLES && orphans > 0; i++)
        if (slots[i].orphan) close_slot(&slots[i]);
}

void mote_handles_reclaim(mote_vm *vm)
{
    mote_vm_collect(vm);
    mote_handles_release();
}

void mote_handles_close_all(void)
{
    for (unsigned i = 0; i < MOTE_HANDLES; i++)
        if (slots[i].kind != HANDLE_FREE) close_slot(&slots[i]);
}
