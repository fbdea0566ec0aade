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

static mote_value mote_native_crypto_has(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)args, (void)count;
    return mote_int(vm, mote_aead_bits() | mote_hash_bits());
}

static mote_value mote_native_random(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    uint8_t *target;
    size_t length;
    if (!mote_target_argument(vm, args[0], "target", &target, &length)) return MOTE_FAILED;
    if (mote_port_random(target, length)) return MOTE_UNDEFINED;
    return mote_throw(vm, MOTE_ERROR, "no good randomness yet");
}

static mote_value mote_native_crypto_close(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count)
{
    (void)receiver, (void)count;
    int32_t handle;
    if (!mote_integer_argument(vm, args[0], "handle", 1, HIGHEST_HANDLE, &handle)) return MOTE_FAILED;
    mote_handle_close(handle);
    return MOTE_UNDEFINED;
}

const mote_native_entry mote_natives[] = {
    {"_moteCryptoHas", mote_native_crypto_has, 0},
    {"_moteRandom", mote_native_random, 1},
    {"_moteHashNew", mote_native_hash_new, 1},
    {"_moteHashUpdate", mote_native_hash_update, 2},
    {"_moteHashClone", mote_native_hash_clone, 1},
    {"_moteHashDigest", mote_native_hash_digest, 1},
    {"_moteHmacNew", mote_native_hmac_new, 2},
    {"_moteHmacSign", mote_native_hmac_sign, 2},
    {"_moteHmacExpand", mote_native_hmac_expand, 3},
    {"_moteAeadNew", mote_native_aead_new, 2},
    {"_moteAeadSeal", mote_native_aead_seal, 4},
    {"_moteAeadOpen", mote_native_aead_open, 4},
    {"_moteCryptoClose", mote_native_crypto_close, 1},
    {"_moteCryptoOwned", mote_native_crypto_owned, 2},
    {"_moteCryptoWrap", mote_native_crypto_wrap, 2},
    {"_moteCryptoUnwrap", mote_native_crypto_unwrap, 2},
    {"_moteCertificateCheck", mote_native_certificate_check, 5},
    {"_moteRecordMaskNew", mote_native_record_mask_new, 2},
    {"_moteRecordMask", mote_native_record_mask, 2},
    {"_moteRecordSealInPlace", mote_native_record_seal_in_place, 5},
    {"_moteRecordOpenInPlace", mote_native_record_open_in_place, 3},
    {"_moteRecordSeal", mote_native_record_seal, 3},
    {"_moteRecordSequence", mote_native_record_sequence, 4},
    {"_moteRecordOpen", mote_native_record_open, 3},
    {"_moteKeyNew", mote_native_key_new, 1},
    {"_moteKeyImport", mote_native_key_import, 1},
    {"_moteKeyPublic", mote_native_key_public, 1},
    {"_moteKeyAgree", mote_native_key_agree, 2},
    {"_moteKeySign", mote_native_key_sign, 2},
    {"_moteKeyVerify", mote_native_key_verify, 3},
    {"_moteUdpOpen", mote_native_udp_open, 4},
    {"_moteUdpPort", mote_native_udp_port, 1},
    {"_moteUdpSend", mote_native_udp_send, 4},
    {"_moteUdpReceive", mote_native_udp_receive, 2},
    {"_moteUdpSender", mote_native_udp_sender, 1},
    {"_moteUdpSenderPort", mote_native_udp_sender_port, 1},
    {"_moteUdpOnReadable", mote_native_udp_on_readable, 2},
    {"_moteUdpIsReadable", mote_native_udp_is_readable, 1},
    {"_moteUdpClose", mote_native_udp_close, 1},
    {"_moteResolve", mote_native_resolve, 1},
    {"_moteStorageLoad", mote_native_storage_load, 1},
    {"_moteStorageSave", mote_native_storage_save, 2},
    {"_moteStorageRemove", mote_native_storage_remove, 1},
    {"_moteWallClock", mote_native_wall_clock, 0},
    {"_moteSetting", mote_native_setting, 1},
    {"_moteLog", mote_native_log, 2},
    {"_moteRebootReason", mote_native_reboot_reason, 0},
    {"_moteFreeMemory", mote_native_free_memory, 0},
    {"_moteDeepSleep", mote_native_deep_sleep, 1},
    {"_i2cTransaction", mote_native_i2c_transaction, 3},
    {"_moteGpioCapabilities", mote_native_gpio_capabilities, 1},
    {"_moteGpioMode", mote_native_gpio_mode, 1},
    {"_moteGpioSetMode", mote_native_gpio_set_mode, 2},
    {"_moteGpioValue", mote_native_gpio_value, 1},
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
    mote_work_poll(vm);
    mote_udp_poll(vm);
}

bool mote_natives_await(void)
{
    for (unsigned slot = 0; slot < UDP_SLOTS; slot++)
        if (mote_udp_is_awaited(slot)) return true;
    return mote_work_is_under_way();
}

void mote_natives_watch(void (*alive)(void))
{
    mote_udp_when_taken(alive);
}

void mote_natives_close(mote_vm *vm)
{
    mote_udp_close_all(vm);
    mote_pins_close();
    mote_handles_close_all();
    mote_work_forget();
}
