#include "program_update.h"
#include "crc.h"
#include "native_list.h"

#include <string.h>

enum { CHUNK_BYTES = 256, ERASED = 0xff };

static const program_flash *flash;

void mote_program_updatable(const program_flash *device)
{
    flash = device;
}

static bool is_updatable(void)
{
    return flash != NULL && mote_program_chosen()->image != NULL;
}

static unsigned spare(void)
{
    return 1 - mote_program_chosen()->slot;
}

size_t mote_update_room(void)
{
    return is_updatable() ? flash->slot_bytes - PROGRAM_HEADER_BYTES : 0;
}

static bool fits(size_t at, size_t length)
{
    return at <= mote_update_room() && length <= mote_update_room() - at;
}

int32_t mote_update_erase(size_t length)
{
    program_choice *program = mote_program_chosen();
    if (!is_updatable()) return -IO_NOT_SUPPORTED;
    if (program->on_trial || program->unconfirmed) return -IO_PERMISSION_DENIED;
    if (!fits(0, length)) return -IO_NO_SPACE;
    program->other_number = 0;
    return flash->erase(spare(), PROGRAM_HEADER_BYTES + length) ? 0 : -IO_FAILED;
}

/** Number of bytes up to the last one that is not erased. */
static size_t used_bytes(const uint8_t *bytes, size_t length)
{
    while (length > 0 && bytes[length - 1] == ERASED) length--;
    return length;
}

int32_t mote_update_written(void)
{
    uint8_t chunk[CHUNK_BYTES];
    if (!is_updatable() || !flash->read(spare(), 0, chunk, PROGRAM_HEADER_BYTES) ||
        used_bytes(chunk, PROGRAM_HEADER_BYTES) > 0)
        return -1;
    for (size_t end = mote_update_room(), from; end > 0; end = from) {
        from = (end - 1) / CHUNK_BYTES * CHUNK_BYTES;
        if (!flash->read(spare(), PROGRAM_HEADER_BYTES + from, chunk, end - from)) return -1;
        size_t used = used_bytes(chunk, end - from);
        if (used > 0) return (int32_t)(from + used);
    }
    return 0;
}

int32_t mote_update_write(size_t at, const uint8_t *bytes, size_t length)
{
    if (!is_updatable()) return -IO_NOT_SUPPORTED;
    if (!fits(at, length)) return -IO_NO_SPACE;
    return flash->write(spare(), PROGRAM_HEADER_BYTES + at, bytes, length) ? 0 : -IO_FAILED;
}

int32_t mote_update_read(size_t at, uint8_t *bytes, size_t length)
{
    if (!is_updatable()) return -IO_NOT_SUPPORTED;
    if (!fits(at, length)) return -IO_NO_SPACE;
    return flash->read(spare(), PROGRAM_HEADER_BYTES + at, bytes, length) ? 0 : -IO_FAILED;
}

static bool checksum(size_t length, uint32_t *sum)
{
    uint8_t chunk[CHUNK_BYTES];
    *sum = 0;
    for (size_t at = 0, take; at < length; at += take) {
        take = length - at < CHUNK_BYTES ? length - at : CHUNK_BYTES;
        if (mote_update_read(at, chunk, take) != 0) return false;
        *sum = mote_crc32_of(*sum, chunk, take);
    }
    return true;
}

static void put_32(uint8_t *at, uint32_t number)
{
    for (unsigned i = 0; i < 4; i++) at[i] = (uint8_t)(number >> 8 * i);
}

/** The magic is written last, so if it is there, everything else is. */
int32_t mote_update_finish(size_t length, uint32_t number)
{
    uint8_t header[PROGRAM_HEADER_BYTES] = {'M', 'S', 'L', PROGRAM_CONFIRMS_ITSELF};
    uint32_t sum;
    if (!is_updatable()) return -IO_NOT_SUPPORTED;
    if (!fits(0, length)) return -IO_NO_SPACE;
    if (!checksum(length, &sum)) return -IO_FAILED;
    put_32(header + 4, (uint32_t)length);
    put_32(header + 8, sum);
    put_32(header + PROGRAM_NUMBER_AT, number);
    if (!flash->write(spare(), 4, header + 4, sizeof header - 4) || !flash->write(spare(), 0, header, 4))
        return -IO_FAILED;
    mote_program_chosen()->other_number = number;
    return 0;
}
