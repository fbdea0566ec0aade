#include "natives.h"
#include "aead.h"
#include "arguments.h"
#include "configuration.h"
#include "handles.h"
#include "hash.h"
#include "key.h"
#include "pins.h"
#include "port.h"
#include "tcp.h"
#include "udp.h"
#include "work.h"

#include <stdio.h>

mote_value mote_native_crypto_has(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)args, (void)count;
    return mote_int(vm, mote_aead_bits() | mote_hash_bits());
}

mote_value mote_native_random(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    uint8_t *target;
    size_t length;
    if (!mote_target_argument(vm, args[0], "target", &target, &length)) return MOTE_FAILED;
    if (mote_port_random(target, length)) return MOTE_UNDEFINED;
    return mote_throw(vm, MOTE_ERROR, "no good randomness yet");
}

mote_value mote_native_crypto_close(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    int32_t handle;
    if (!mote_integer_argument(vm, args[0], "handle", 1, HIGHEST_HANDLE, &handle)) return MOTE_FAILED;
    mote_handle_close(handle);
    return MOTE_UNDEFINED;
}

/* A firmware for one program alone ("natives": "program" of devs.config.json) has only those that it names. */
#ifndef MOTE_NATIVES_OF_PROGRAM
#define MOTE_NATIVES_OF_PROGRAM MOTE_NATIVES
#endif

const mote_native_entry mote_natives[] = {
#define X(name, function, arguments) {#name, function, arguments},
    MOTE_NATIVES_OF_PROGRAM(X)
#undef X
        {0},
};

void mote_natives_print(void *context, char level, const char *line, size_t length)
{
    (void)context, (void)level;
    fwrite(line, 1, length, stdout);
    putchar('\n');
}

bool mote_natives_random(void *context, uint8_t *target, size_t length)
{
    (void)context;
    return mote_port_random(target, length);
}

void mote_natives_collected(void *context, const mote_vm *vm)
{
    (void)context;
    mote_handles_collected(vm);
}

void mote_natives_poll(mote_vm *vm)
{
    mote_handles_release();
    mote_tcp_poll(vm); /* before host names: the opener of a stream has to wait until events are delivered */
    mote_work_poll(vm);
    mote_udp_poll(vm);
}

bool mote_natives_await(void)
{
    for (unsigned slot = 0; slot < UDP_SLOTS; slot++)
        if (mote_udp_is_awaited(slot)) return true;
    return mote_tcp_awaits() != 0 || mote_work_is_under_way();
}

void mote_natives_watch(void (*alive)(void))
{
    mote_udp_when_taken(alive);
}

void mote_natives_close(mote_vm *vm)
{
    mote_udp_close_all(vm);
    mote_tcp_close(vm);
    mote_pins_close();
    mote_handles_close_all();
    mote_work_forget();
}
