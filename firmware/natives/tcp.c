/*
 * Streams of @devicescript/net, one at a time like in the package. Events of a stream are reported to the program's
 * function ds._socketOnEvent, at most one in each step of the machine, so that the program has handled the previous one
 * and the opener is waiting for it. Bytes stay in the network until the program has memory for them, so a peer cannot
 * make it run out of memory.
 */
#include "tcp.h"
#include "arguments.h"
#include "port.h"
#include "work.h"

#include <mbedtls/platform_util.h>
#include <stdlib.h>
#include <string.h>

enum { HOST_NAME_BYTES = 256, MOST_ADDRESSES = 5, MOST_WRITERS = 4, CHUNK_BYTES = 512, RESERVED_SHARE = 8 };
enum phase { PHASE_NONE, PHASE_CONNECTING, PHASE_SECURING, PHASE_OPEN };

/** A fiber that waits until TCP has taken its bytes; both fields are pins. */
typedef struct {
    unsigned fiber, data;
    size_t sent;
} writer;

/** The large buffers of a stream, allocated only for programs that open one. */
typedef struct {
    char addresses[MOST_ADDRESSES][ADDRESS_BYTES]; /* of the host, ended by "" */
    uint8_t chunk[CHUNK_BYTES];
} stream_room;

static const tls_functions *port_tls;

static struct {
    stream_room *room; /* allocated while the stream is open */
    enum phase phase;
    const tls_functions *tls; /* NULL: without TLS */
    unsigned number;          /* counts streams, so that a name resolved for an earlier stream is ignored */
    uint16_t port;
    unsigned tried;
    const char *event;  /* to be reported; NULL: none */
    const char *text;   /* of an error */
    size_t chunk_bytes; /* to be reported */
    writer writers[MOST_WRITERS];
    unsigned num_writers;
} stream;

typedef struct {
    work base;
    unsigned number;
    char host[HOST_NAME_BYTES];
    char addresses[MOST_ADDRESSES][ADDRESS_BYTES];
} opening;

static const char *sentence_of(int32_t code)
{
    switch (-code) {
    case IO_HOST_NOT_FOUND: return "the host is not known: check the name and the network";
    case IO_CONNECTION_REFUSED: return "connection refused: check host, port and the server";
    case IO_TIMED_OUT: return "no answer in time: check host, port and the network";
    case IO_HOST_UNREACHABLE: return "no route to the host: check the address";
    case IO_NETWORK_UNREACHABLE: return "no network: check the address and the network";
    case IO_CONNECTION_CLOSED: return "the peer broke the connection off: connect again";
    case IO_NO_SPACE: return "no memory left for a connection: close what is not needed";
    case IO_NOT_SUPPORTED: return "this device has no TLS streams: use tcp, or DTLS for datagrams (mote-dtls/device)";
    default: return "the network failed: connect again";
    }
}

void mote_tcp_use_tls(const tls_functions *tls)
{
    port_tls = tls;
}

/* Bytes, with or without TLS. */

static int32_t begin_tls(const char *host)
{
    stream.tls = port_tls;
    return port_tls == NULL ? -IO_NOT_SUPPORTED : port_tls->begin(host);
}

static int32_t send_bytes(const uint8_t *bytes, size_t length)
{
    return stream.tls == NULL ? mote_port_tcp_send(bytes, length) : stream.tls->send(bytes, length);
}

static int32_t receive_bytes(uint8_t *target, size_t size)
{
    return stream.tls == NULL ? mote_port_tcp_receive(target, size) : stream.tls->receive(target, size);
}

static void close_port(void)
{
    if (stream.tls != NULL) stream.tls->end();
    stream.tls = NULL;
    mote_port_tcp_close();
    stream.phase = PHASE_NONE;
}

/* Writers. */

static const uint8_t *bytes_of(mote_vm *vm, mote_value value, size_t *length)
{
    if (!mote_is_string(vm, value)) return mote_buffer(vm, value, length);
    return (const uint8_t *)mote_string(vm, value, length);
}

static void end_writer(mote_vm *vm, unsigned index, mote_value result)
{
    writer done = stream.writers[index];
    stream.num_writers--;
    memmove(&stream.writers[index], &stream.writers[index + 1], (stream.num_writers - index) * sizeof done);
    mote_unpin(vm, done.data);
    mote_resume(vm, done.fiber, result);
}

static void end_writers(mote_vm *vm, int32_t code)
{
    while (stream.num_writers > 0) end_writer(vm, 0, mote_int(vm, code));
}

static void end_stream(mote_vm *vm, const char *event, int32_t code)
{
    const char *complaint = code == 0 || stream.tls == NULL ? NULL : stream.tls->complaint();
    close_port();
    stream.event = event;
    stream.text = code == 0 || complaint != NULL ? complaint : sentence_of(code);
    end_writers(vm, code == 0 ? -IO_CONNECTION_CLOSED : code);
}

static void send_what_waits(mote_vm *vm)
{
    while (stream.phase == PHASE_OPEN && stream.num_writers > 0) {
        writer *first = &stream.writers[0];
        size_t length = 0;
        const uint8_t *bytes = bytes_of(vm, mote_pinned(vm, first->data), &length);
        int32_t sent = send_bytes(bytes + first->sent, length - first->sent);
        if (sent < 0) return end_stream(vm, "error", sent);
        first->sent += (size_t)sent;
        if (first->sent < length) return;
        end_writer(vm, 0, mote_int(vm, 0));
    }
}

/* Connecting. */

/** Connects to the host's next address that does not refuse at once. */
static void connect_next(mote_vm *vm, int32_t code)
{
    socket_address remote = {.port = stream.port};
    while (stream.room->addresses[stream.tried][0] != 0) {
        memcpy(remote.host, stream.room->addresses[stream.tried++], ADDRESS_BYTES);
        code = mote_port_tcp_connect(&remote);
        if (code == 0) stream.phase = PHASE_CONNECTING;
        if (code == 0) return;
    }
    end_stream(vm, "error", code);
}

static void look_at_connection(mote_vm *vm)
{
    int32_t state = mote_port_tcp_connected();
    if (state == 0) return;
    if (state > 0) {
        stream.phase = PHASE_SECURING;
        return;
    }
    mote_port_tcp_close();
    connect_next(vm, state);
}

static void look_at_tls(mote_vm *vm)
{
    int32_t state = stream.tls == NULL ? 1 : stream.tls->connected();
    if (state < 0) return end_stream(vm, "error", state);
    if (state == 0) return;
    stream.phase = PHASE_OPEN;
    stream.event = "open";
}

static void run_opening(work *self)
{
    opening *job = (opening *)self;
    mote_port_resolve(job->host, job->addresses, MOST_ADDRESSES);
}

static mote_value finish_opening(mote_vm *vm, work *self)
{
    const opening *job = (const opening *)self;
    if (job->number == stream.number) {
        memcpy(stream.room->addresses, job->addresses, sizeof stream.room->addresses);
        stream.tried = 0;
        connect_next(vm, -IO_HOST_NOT_FOUND);
    }
    return mote_int(vm, 0);
}

void mote_tcp_close(mote_vm *vm)
{
    close_port();
    stream.number++;
    stream.event = NULL;
    if (stream.room != NULL) mbedtls_platform_zeroize(stream.room, sizeof *stream.room);
    free(stream.room);
    stream.room = NULL;
    stream.chunk_bytes = 0;
    end_writers(vm, -IO_CONNECTION_CLOSED);
}

mote_value mote_native_socket_open(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    int32_t port;
    opening *job = calloc(1, sizeof *job);
    if (job == NULL) return mote_throw(vm, MOTE_ERROR, "_socketOpen: no native memory left for names");
    job->base.bytes = sizeof *job;
    job->base.run = run_opening;
    job->base.finish = finish_opening;
    if (mote_short_text_argument(vm, args[0], "host", job->host, HOST_NAME_BYTES) &&
        mote_integer_argument(vm, args[1], "port", -65535, 65535, &port)) {
        mote_tcp_close(vm);
        stream.port = (uint16_t)abs(port);
        job->number = stream.number;
        stream.room = calloc(1, sizeof *stream.room);
        int32_t code = stream.room == NULL ? -IO_NO_SPACE : port == 0 ? -IO_CONNECTION_REFUSED : 0;
        if (code == 0 && port < 0) code = begin_tls(job->host);
        if (code == 0) return mote_work_start(vm, &job->base);
        end_stream(vm, "error", code);
        free(job);
        return mote_int(vm, 0);
    }
    free(job);
    return MOTE_FAILED;
}

mote_value mote_native_socket_close(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)args, (void)count;
    mote_tcp_close(vm);
    return mote_int(vm, 0);
}

/** Suspends the fiber until the bytes from `sent` on are taken. */
static mote_value wait_for_room(mote_vm *vm, mote_value data, size_t sent)
{
    if (stream.num_writers == MOST_WRITERS)
        return mote_throw(vm, MOTE_ERROR, "_socketWrite: too many fibers write to the stream");
    unsigned pin = mote_pin(vm, data), fiber = pin == 0 ? 0 : mote_suspend(vm);
    if (fiber == 0) {
        if (pin != 0) mote_unpin(vm, pin);
        end_stream(vm, "error", -IO_NO_SPACE); /* the peer may have received a part */
        return MOTE_FAILED;
    }
    stream.writers[stream.num_writers++] = (writer){fiber, pin, sent};
    return MOTE_UNDEFINED;
}

mote_value mote_native_socket_write(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    size_t length = 0;
    if (!mote_is_string(vm, args[0]) && !mote_is_buffer(vm, args[0]))
        return mote_throw_type(vm, "data", "a Buffer or string");
    const uint8_t *bytes = bytes_of(vm, args[0], &length);
    if (stream.phase != PHASE_OPEN) return mote_throw(vm, MOTE_ERROR, "_socketWrite: the stream is not open");
    int32_t sent = stream.num_writers > 0 ? 0 : send_bytes(bytes, length);
    if (sent < 0) end_stream(vm, "error", sent);
    if (sent < 0 || (size_t)sent == length) return mote_int(vm, sent < 0 ? sent : 0);
    return wait_for_room(vm, args[0], (size_t)sent);
}

/* Reading and reporting. */

/** Keeps a part of the arena free of data from peers. */
static bool has_memory(mote_vm *vm)
{
    mote_stats stats;
    mote_vm_stats(vm, &stats);
    if (stats.arena_bytes - stats.used_bytes > stats.arena_bytes / RESERVED_SHARE) return true;
    mote_vm_collect(vm);
    mote_vm_stats(vm, &stats);
    return stats.arena_bytes - stats.used_bytes > stats.arena_bytes / RESERVED_SHARE;
}

static void read_next(mote_vm *vm)
{
    int32_t length = receive_bytes(stream.room->chunk, CHUNK_BYTES);
    if (length > 0) stream.chunk_bytes = (size_t)length;
    else if (length == 0) end_stream(vm, "close", 0);
    else if (length != -IO_WOULD_BLOCK) end_stream(vm, "error", length);
}

/** False: there is no memory for a fiber, so the event has to be reported again. */
static bool tell(mote_vm *vm, const char *event, mote_value about)
{
    unsigned pin = about == MOTE_FAILED ? 0 : mote_pin(vm, about);
    if (pin == 0) return false;
    const mote_value name = mote_new_string(vm, event, strlen(event));
    const mote_value args[] = {name, about};
    bool done = name != MOTE_FAILED && mote_start(vm, mote_socket_handler(vm), args, about == MOTE_UNDEFINED ? 1 : 2);
    mote_unpin(vm, pin);
    return done;
}

static void tell_data(mote_vm *vm)
{
    if (!has_memory(vm) || !tell(vm, "data", mote_new_buffer_of(vm, stream.room->chunk, stream.chunk_bytes))) return;
    memset(stream.room->chunk, 0, stream.chunk_bytes);
    stream.chunk_bytes = 0;
}

/** Events for which the program has no function are dropped. */
static void tell_next(mote_vm *vm)
{
    if (!mote_is_startable(vm, mote_socket_handler(vm))) {
        stream.event = NULL;
        stream.chunk_bytes = 0;
    } else if (stream.chunk_bytes > 0) {
        tell_data(vm);
    } else if (stream.event != NULL) {
        const char *text = stream.text;
        if (tell(vm, stream.event, text == NULL ? MOTE_UNDEFINED : mote_new_string(vm, text, strlen(text))))
            stream.event = NULL;
    }
}

void mote_tcp_poll(mote_vm *vm)
{
    if (stream.phase == PHASE_CONNECTING) look_at_connection(vm);
    if (stream.phase == PHASE_SECURING) look_at_tls(vm);
    send_what_waits(vm);
    if (stream.phase == PHASE_OPEN && stream.event == NULL && stream.chunk_bytes == 0) read_next(vm);
    if (stream.event != NULL || stream.chunk_bytes > 0) tell_next(vm);
}

unsigned mote_tcp_awaits(void)
{
    unsigned room = stream.phase == PHASE_CONNECTING || stream.num_writers > 0 ? TCP_AWAITS_ROOM : 0;
    if (stream.event != NULL || stream.chunk_bytes > 0) return room | TCP_AWAITS_MEMORY;
    /* A handshake nearly always waits for data. */
    if (stream.phase == PHASE_SECURING) return TCP_AWAITS_DATA | TCP_AWAITS_MEMORY;
    if (stream.phase != PHASE_OPEN) return room;
    return room | (stream.tls != NULL && stream.tls->has_bytes() ? TCP_AWAITS_NOTHING : TCP_AWAITS_DATA);
}
