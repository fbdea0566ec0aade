/* Virtio network device (virtio 1.2, sections 2.7, 4.2 and 5.1): modern MMIO registers, split rings, no offloads. */
#include "board.h"

#include <string.h>

enum { RING = 16, FRAME = 1526, NET_HEADER = 12, RECEIVE = 0, TRANSMIT = 1, DEVICE_WRITES = 2, NO_INTERRUPT = 1 };

/* Registers, as word offsets. */
enum {
    MAGIC = 0,
    VERSION = 1,
    DEVICE_ID = 2,
    DEVICE_FEATURES = 4,
    DEVICE_FEATURES_SELECT = 5,
    DRIVER_FEATURES = 8,
    DRIVER_FEATURES_SELECT = 9,
    QUEUE_SELECT = 12,
    QUEUE_MOST = 13,
    QUEUE_SIZE = 14,
    QUEUE_READY = 17,
    QUEUE_NOTIFY = 20,
    INTERRUPT_STATUS = 24,
    INTERRUPT_ACK = 25,
    STATUS = 28,
    QUEUE_DESCRIPTORS = 32,
    QUEUE_DRIVER = 36,
    QUEUE_DEVICE = 40,
    CONFIG = 64
};
enum { ACKNOWLEDGE = 1, DRIVER = 2, DRIVER_OK = 4, FEATURES_OK = 8, F_MAC = 1 << 5, F_VERSION_1 = 1 };

typedef struct {
    struct {
        uint64_t address;
        uint32_t length;
        uint16_t flags, next;
    } descriptors[RING] __attribute__((aligned(16)));
    struct {
        uint16_t flags, index, ring[RING];
    } available;
    struct {
        uint16_t flags;
        volatile uint16_t index;
        struct {
            uint32_t id, length;
        } ring[RING];
    } used __attribute__((aligned(4)));
    uint16_t seen;
} queue;

static queue queues[2] __attribute__((section(".wifi")));
static uint8_t frames[2][RING][NET_HEADER + FRAME] __attribute__((aligned(4), section(".wifi")));
static volatile uint32_t *registers;
static unsigned free_to_send, next_to_send;

static void fence(void)
{
    __asm__ volatile("fence iorw, iorw" ::: "memory");
}

static void offer(unsigned which, uint16_t id)
{
    queue *q = &queues[which];
    q->available.ring[q->available.index % RING] = id;
    fence();
    q->available.index++;
    fence();
    registers[QUEUE_NOTIFY] = which;
}

static int find_device(void)
{
    for (unsigned i = 0; i < 8; i++) {
        volatile uint32_t *at = (volatile uint32_t *)(0x10001000u + i * 0x1000u);
        if (at[MAGIC] != 0x74726976u || at[DEVICE_ID] != 1 || at[VERSION] != 2) continue;
        registers = at;
        board_wake_by(i + 1);
        return 0;
    }
    return -1;
}

static void set_address(unsigned place, const volatile void *at)
{
    registers[place] = (uint32_t)(uintptr_t)at;
    registers[place + 1] = 0;
}

static int set_up_queue(unsigned which)
{
    queue *q = &queues[which];
    registers[QUEUE_SELECT] = which;
    if (registers[QUEUE_MOST] < RING) return -1;
    registers[QUEUE_SIZE] = RING;
    set_address(QUEUE_DESCRIPTORS, q->descriptors);
    set_address(QUEUE_DRIVER, &q->available);
    set_address(QUEUE_DEVICE, &q->used);
    q->available.flags = which == TRANSMIT ? NO_INTERRUPT : 0;
    for (unsigned i = 0; i < RING; i++) {
        q->descriptors[i].address = (uint32_t)(uintptr_t)frames[which][i];
        q->descriptors[i].length = sizeof frames[which][i];
        q->descriptors[i].flags = which == TRANSMIT ? 0 : DEVICE_WRITES;
    }
    registers[QUEUE_READY] = 1;
    return 0;
}

static int negotiate(void)
{
    registers[STATUS] = 0;
    registers[STATUS] = ACKNOWLEDGE;
    registers[STATUS] = ACKNOWLEDGE | DRIVER;
    registers[DEVICE_FEATURES_SELECT] = 0;
    uint32_t low = registers[DEVICE_FEATURES];
    registers[DEVICE_FEATURES_SELECT] = 1;
    if ((registers[DEVICE_FEATURES] & F_VERSION_1) == 0) return -1;
    registers[DRIVER_FEATURES_SELECT] = 0;
    registers[DRIVER_FEATURES] = low & F_MAC;
    registers[DRIVER_FEATURES_SELECT] = 1;
    registers[DRIVER_FEATURES] = F_VERSION_1;
    registers[STATUS] = ACKNOWLEDGE | DRIVER | FEATURES_OK;
    return (registers[STATUS] & FEATURES_OK) != 0 ? 0 : -1;
}

int vnet_init(uint8_t mac[6])
{
    if (find_device() != 0 || negotiate() != 0) return -1;
    if (set_up_queue(RECEIVE) != 0 || set_up_queue(TRANSMIT) != 0) return -1;
    registers[STATUS] = ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK;
    for (uint16_t i = 0; i < RING; i++) offer(RECEIVE, i);
    free_to_send = RING;
    const volatile uint8_t *config = (const volatile uint8_t *)&registers[CONFIG];
    for (unsigned i = 0; i < 6; i++) mac[i] = config[i];
    return 0;
}

int vnet_send(const void *frame, size_t length)
{
    queue *q = &queues[TRANSMIT];
    fence();
    for (; q->seen != q->used.index; q->seen++) free_to_send++; /* the device finishes frames in order */
    if (free_to_send == 0 || length > FRAME) return -1;
    unsigned id = next_to_send++ % RING;
    free_to_send--;
    memset(frames[TRANSMIT][id], 0, NET_HEADER);
    memcpy(frames[TRANSMIT][id] + NET_HEADER, frame, length);
    q->descriptors[id].length = NET_HEADER + length;
    offer(TRANSMIT, (uint16_t)id);
    return 0;
}

bool vnet_is_idle(void)
{
    fence();
    return queues[TRANSMIT].used.index == queues[TRANSMIT].available.index;
}

size_t vnet_receive(void *frame, size_t size)
{
    queue *q = &queues[RECEIVE];
    registers[INTERRUPT_ACK] = registers[INTERRUPT_STATUS];
    fence();
    if (q->seen == q->used.index) return 0;
    uint32_t id = q->used.ring[q->seen % RING].id, length = q->used.ring[q->seen % RING].length;
    q->seen++;
    length = length > NET_HEADER ? length - NET_HEADER : 0;
    if (length > size) length = size;
    memcpy(frame, frames[RECEIVE][id] + NET_HEADER, length);
    offer(RECEIVE, (uint16_t)id);
    return length;
}
