#include "natives.h"
#include "aead.h"
#include "arguments.h"
#include "certificate.h"
#include "handles.h"
#include "hash.h"
#include "key.h"
#include "mask.h"
#include "pins.h"
#include "port.h"
#include "system.h"
#include "udp.h"
#include "work.h"
#include "wrap.h"

#include <stdio.h>

static mote_value native_crypto_has(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)args, (void)count;
    return mote_int(vm, aead_bits() | hash_bits());
}

static mote_value native_random(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    uint8_t *target;
    size_t length;
    if (!target_argument(vm, args[0], "target", &target, &length)) return MOTE_FAILED;
    if (port_random(target, length)) return MOTE_UNDEFINED;
    return mote_throw(vm, MOTE_ERROR, "no good randomness yet");
}

static mote_value native_crypto_close(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    int32_t handle;
    if (!integer_argument(vm, args[0], "handle", 1, HIGHEST_HANDLE, &handle)) return MOTE_FAILED;
    handle_close(handle);
    return MOTE_UNDEFINED;
}

const mote_native_entry mote_natives[] = {
    {"_moteCryptoHas", native_crypto_has, 0},
    {"_moteRandom", native_random, 1},
    {"_moteHashNew", native_hash_new, 1},
    {"_moteHashUpdate", native_hash_update, 2},
    {"_moteHashClone", native_hash_clone, 1},
    {"_moteHashDigest", native_hash_digest, 1},
    {"_moteHmacNew", native_hmac_new, 2},
    {"_moteHmacSign", native_hmac_sign, 2},
    {"_moteHmacExpand", native_hmac_expand, 3},
    {"_moteAeadNew", native_aead_new, 2},
    {"_moteAeadSeal", native_aead_seal, 4},
    {"_moteAeadOpen", native_aead_open, 4},
    {"_moteCryptoClose", native_crypto_close, 1},
    {"_moteCryptoOwned", native_crypto_owned, 2},
    {"_moteCryptoWrap", native_crypto_wrap, 2},
    {"_moteCryptoUnwrap", native_crypto_unwrap, 2},
    {"_moteCertificateCheck", native_certificate_check, 5},
    {"_moteRecordMaskNew", native_record_mask_new, 2},
    {"_moteRecordMask", native_record_mask, 2},
    {"_moteRecordSealInPlace", native_record_seal_in_place, 5},
    {"_moteRecordOpenInPlace", native_record_open_in_place, 3},
    {"_moteRecordSeal", native_record_seal, 3},
    {"_moteRecordSequence", native_record_sequence, 4},
    {"_moteRecordOpen", native_record_open, 3},
    {"_moteKeyNew", native_key_new, 1},
    {"_moteKeyImport", native_key_import, 1},
    {"_moteKeyPublic", native_key_public, 1},
    {"_moteKeyAgree", native_key_agree, 2},
    {"_moteKeySign", native_key_sign, 2},
    {"_moteKeyVerify", native_key_verify, 3},
    {"_moteUdpOpen", native_udp_open, 4},
    {"_moteUdpPort", native_udp_port, 1},
    {"_moteUdpSend", native_udp_send, 4},
    {"_moteUdpReceive", native_udp_receive, 2},
    {"_moteUdpSender", native_udp_sender, 1},
    {"_moteUdpSenderPort", native_udp_sender_port, 1},
    {"_moteUdpOnReadable", native_udp_on_readable, 2},
    {"_moteUdpIsReadable", native_udp_is_readable, 1},
    {"_moteUdpClose", native_udp_close, 1},
    {"_moteResolve", native_resolve, 1},
    {"_moteStorageLoad", native_storage_load, 1},
    {"_moteStorageSave", native_storage_save, 2},
    {"_moteStorageRemove", native_storage_remove, 1},
    {"_moteWallClock", native_wall_clock, 0},
    {"_moteSetting", native_setting, 1},
    {"_moteLog", native_log, 2},
    {"_moteRebootReason", native_reboot_reason, 0},
    {"_moteFreeMemory", native_free_memory, 0},
    {"_moteDeepSleep", native_deep_sleep, 1},
    {"_i2cTransaction", native_i2c_transaction, 3},
    {"_moteGpioCapabilities", native_gpio_capabilities, 1},
    {"_moteGpioMode", native_gpio_mode, 1},
    {"_moteGpioSetMode", native_gpio_set_mode, 2},
    {"_moteGpioValue", native_gpio_value, 1},
    {0},
};

void natives_print(void *context, char level, const char *line, size_t length)
{
    (void)context, (void)level;
    fwrite(line, 1, length, stdout);
    putchar('\n');
}

bool natives_random(void *context, uint8_t *target, size_t length)
{
    (void)context;
    return port_random(target, length);
}

void natives_collected(void *context, const mote_vm *vm)
{
    (void)context;
    handles_collected(vm);
}

void natives_poll(mote_vm *vm)
{
    handles_release();
    work_poll(vm);
    udp_poll(vm);
}

bool natives_await(void)
{
    for (unsigned slot = 0; slot < UDP_SLOTS; slot++)
        if (udp_is_awaited(slot)) return true;
    return work_is_under_way();
}

void natives_watch(void (*alive)(void))
{
    udp_when_taken(alive);
}

void natives_close(mote_vm *vm)
{
    udp_close_all(vm);
    pins_close();
    handles_close_all();
    work_forget();
}
