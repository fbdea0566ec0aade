/* The port that the natives use while they are fuzzed: everything is in memory and deterministic. */
#include "port.h"
#include "blob_store.h"
#include "harness.h"

#include <string.h>

enum { BANK_BYTES = 1024, MOST_DATAGRAM = 512 };

/* Randomness and clocks. */

static uint32_t random_state;

bool mote_port_random(uint8_t *target, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        random_state = random_state * 1664525u + 1013904223u;
        target[i] = (uint8_t)(random_state >> 24);
    }
    return true;
}

uint64_t mote_port_wall_clock(void)
{
    return 1700000000;
}

void mote_port_log(int32_t level, const char *message, size_t length)
{
    volatile char last = (char)level;
    for (size_t i = 0; i < length; i++) last = message[i];
    (void)last;
}

const char *mote_port_setting(const char *name, size_t *length)
{
    const char *text = fuzz_setting(name);
    *length = text == NULL ? 0 : strlen(text);
    return text;
}

const char *mote_port_reboot_reason(void)
{
    return "power-on";
}

size_t mote_port_free_memory(void)
{
    return 0;
}

void mote_port_deep_sleep(uint64_t ms)
{
    (void)ms;
    fuzz_switched_off();
}

/* Flash. */

static uint8_t cells[2][BANK_BYTES];
static bool stored;

static bool read_cells(unsigned bank, uint32_t offset, uint8_t *target, size_t length)
{
    memcpy(target, cells[bank] + offset, length);
    return true;
}

static bool program_cells(unsigned bank, uint32_t offset, const uint8_t *source, size_t length)
{
    stored = true;
    for (size_t i = 0; i < length; i++) cells[bank][offset + i] &= source[i];
    return true;
}

static bool erase_cells(unsigned bank)
{
    stored = true;
    memset(cells[bank], 0xff, BANK_BYTES);
    return true;
}

static void reset_flash(void)
{
    static const flash device = {BANK_BYTES, read_cells, program_cells, erase_cells};
    static bool mounted;
    if (mounted && !stored) return;
    memset(cells, 0xff, sizeof cells);
    mounted = mote_blob_store_mount(&device);
    stored = false;
}

/* UDP: each socket gets back what it sends, one datagram at a time. */

static struct {
    uint8_t bytes[MOST_DATAGRAM];
    size_t length;
    bool waits;
} sockets[UDP_SLOTS];

int32_t mote_port_udp_open(unsigned slot, const socket_address *local, const socket_address *remote)
{
    sockets[slot].waits = false;
    return strnlen(local->host, ADDRESS_BYTES) + strnlen(remote->host, ADDRESS_BYTES) > 40 ? -IO_NOT_FOUND : 0;
}

uint16_t mote_port_udp_local_port(unsigned slot)
{
    return (uint16_t)(40000 + slot);
}

int32_t mote_port_udp_send(unsigned slot, const uint8_t *datagram, size_t length, const socket_address *to)
{
    if (to != NULL && strnlen(to->host, ADDRESS_BYTES) > 40) return -IO_HOST_UNREACHABLE;
    if (length > MOST_DATAGRAM) return -IO_MESSAGE_TOO_LARGE;
    memcpy(sockets[slot].bytes, datagram, length);
    sockets[slot].length = length;
    sockets[slot].waits = true;
    return (int32_t)length;
}

int32_t mote_port_udp_receive(unsigned slot, uint8_t *target, size_t size, socket_address *from)
{
    if (!sockets[slot].waits) return -IO_WOULD_BLOCK;
    size_t length = sockets[slot].length;
    sockets[slot].waits = false;
    memcpy(target, sockets[slot].bytes, length < size ? length : size);
    *from = (socket_address){"127.0.0.1", 40000};
    return (int32_t)length;
}

bool mote_port_udp_readable(unsigned slot)
{
    return sockets[slot].waits;
}

void mote_port_udp_close(unsigned slot)
{
    sockets[slot].waits = false;
}

void mote_port_resolve(const char *host, char (*addresses)[ADDRESS_BYTES], unsigned most)
{
    size_t length = strlen(host);
    unsigned count = (unsigned)(length % most);
    memset(addresses, 0, most * sizeof *addresses);
    for (unsigned i = 0; i < count; i++) memcpy(addresses[i], "127.0.0.1", 10);
}

void fuzz_port_reset(void)
{
    random_state = 1;
    for (unsigned slot = 0; slot < UDP_SLOTS; slot++) sockets[slot].waits = false;
    reset_flash();
}
