/* Native functions and the numbers in their calls. Written by `npm run abi` from firmware/abi/abi.json. */
#ifndef MOTE_NATIVE_LIST_H
#define MOTE_NATIVE_LIST_H

#include "mote_vm.h"

/** IOErrorEnum codes of GIO that natives and ports answer with, as minus the code. */
enum {
    IO_FAILED = 255, /* 0 in GIO, which has no minus */
    IO_NOT_FOUND = 1,
    IO_NO_SPACE = 12,
    IO_INVALID_ARGUMENT = 13,
    IO_PERMISSION_DENIED = 14,
    IO_NOT_SUPPORTED = 15,
    IO_TIMED_OUT = 24,
    IO_WOULD_BLOCK = 27,
    IO_HOST_NOT_FOUND = 28,
    IO_ADDRESS_IN_USE = 33,
    IO_HOST_UNREACHABLE = 37,
    IO_NETWORK_UNREACHABLE = 38,
    IO_CONNECTION_REFUSED = 39,
    IO_CONNECTION_CLOSED = 44,
    IO_MESSAGE_TOO_LARGE = 46
};

/** HashAlgorithm of src/dtls/crypto/algorithm-numbers.ts. */
enum { HASH_SHA_256 = 4, HASH_SHA_384 = 5 };

/** AeadAlgorithm there. */
enum {
    AEAD_AES_128_CCM_8 = 1,
    AEAD_AES_256_CCM_8 = 2,
    AEAD_AES_128_CCM = 3,
    AEAD_AES_256_CCM = 4,
    AEAD_AES_128_GCM = 5,
    AEAD_CHACHA20_POLY1305 = 6,
    AEAD_AES_256_GCM = 7
};

/* X(name, function, arguments) */
#define MOTE_NATIVES(X)                                                                                                \
    X(_moteCryptoHas, mote_native_crypto_has, 0)                                                                       \
    X(_moteRandom, mote_native_random, 1)                                                                              \
    X(_moteHashNew, mote_native_hash_new, 1)                                                                           \
    X(_moteHashUpdate, mote_native_hash_update, 2)                                                                     \
    X(_moteHashClone, mote_native_hash_clone, 1)                                                                       \
    X(_moteHashDigest, mote_native_hash_digest, 1)                                                                     \
    X(_moteHmacNew, mote_native_hmac_new, 2)                                                                           \
    X(_moteHmacSign, mote_native_hmac_sign, 2)                                                                         \
    X(_moteHmacExpand, mote_native_hmac_expand, 3)                                                                     \
    X(_moteAeadNew, mote_native_aead_new, 2)                                                                           \
    X(_moteAeadSeal, mote_native_aead_seal, 4)                                                                         \
    X(_moteAeadOpen, mote_native_aead_open, 4)                                                                         \
    X(_moteKeyNew, mote_native_key_new, 1)                                                                             \
    X(_moteKeyImport, mote_native_key_import, 1)                                                                       \
    X(_moteKeyPublic, mote_native_key_public, 1)                                                                       \
    X(_moteKeyAgree, mote_native_key_agree, 2)                                                                         \
    X(_moteKeySign, mote_native_key_sign, 2)                                                                           \
    X(_moteKeyVerify, mote_native_key_verify, 3)                                                                       \
    X(_moteCryptoClose, mote_native_crypto_close, 1)                                                                   \
    X(_moteCryptoOwned, mote_native_crypto_owned, 2)                                                                   \
    X(_moteCryptoWrap, mote_native_crypto_wrap, 2)                                                                     \
    X(_moteCryptoUnwrap, mote_native_crypto_unwrap, 2)                                                                 \
    X(_moteCertificateCheck, mote_native_certificate_check, 5)                                                         \
    X(_moteSecretNew, mote_native_secret_new, 2)                                                                       \
    X(_moteSecretNext, mote_native_secret_next, 2)                                                                     \
    X(_moteSecretDerive, mote_native_secret_derive, 3)                                                                 \
    X(_moteSecretExpand, mote_native_secret_expand, 4)                                                                 \
    X(_moteSecretVerifyData, mote_native_secret_verify_data, 3)                                                        \
    X(_moteRecordKeys, mote_native_record_keys, 2)                                                                     \
    X(_moteRecordSeal, mote_native_record_seal, 5)                                                                     \
    X(_moteRecordSequence, mote_native_record_sequence, 5)                                                             \
    X(_moteRecordOpen, mote_native_record_open, 5)                                                                     \
    X(_moteRecordSealInPlace, mote_native_record_seal_in_place, 5)                                                     \
    X(_moteRecordOpenInPlace, mote_native_record_open_in_place, 3)                                                     \
    X(_moteUdpOpen, mote_native_udp_open, 4)                                                                           \
    X(_moteUdpPort, mote_native_udp_port, 1)                                                                           \
    X(_moteUdpSend, mote_native_udp_send, 4)                                                                           \
    X(_moteUdpReceive, mote_native_udp_receive, 2)                                                                     \
    X(_moteUdpSender, mote_native_udp_sender, 1)                                                                       \
    X(_moteUdpSenderPort, mote_native_udp_sender_port, 1)                                                              \
    X(_moteUdpOnReadable, mote_native_udp_on_readable, 2)                                                              \
    X(_moteUdpIsReadable, mote_native_udp_is_readable, 1)                                                              \
    X(_moteUdpClose, mote_native_udp_close, 1)                                                                         \
    X(_moteResolve, mote_native_resolve, 1)                                                                            \
    X(_socketOpen, mote_native_socket_open, 2)                                                                         \
    X(_socketClose, mote_native_socket_close, 0)                                                                       \
    X(_socketWrite, mote_native_socket_write, 1)                                                                       \
    X(_moteStorageLoad, mote_native_storage_load, 1)                                                                   \
    X(_moteStorageSave, mote_native_storage_save, 2)                                                                   \
    X(_moteStorageRemove, mote_native_storage_remove, 1)                                                               \
    X(_moteWallClock, mote_native_wall_clock, 0)                                                                       \
    X(_moteSetting, mote_native_setting, 1)                                                                            \
    X(_moteRebootReason, mote_native_reboot_reason, 0)                                                                 \
    X(_moteFreeMemory, mote_native_free_memory, 0)                                                                     \
    X(_moteDeepSleep, mote_native_deep_sleep, 1)                                                                       \
    X(_moteProgramNumber, mote_native_program_number, 1)                                                               \
    X(_moteProgramIsOnTrial, mote_native_program_is_on_trial, 0)                                                       \
    X(_moteProgramConfirm, mote_native_program_confirm, 0)                                                             \
    X(_moteUpdateRoom, mote_native_update_room, 0)                                                                     \
    X(_moteUpdateErase, mote_native_update_erase, 1)                                                                   \
    X(_moteUpdateWritten, mote_native_update_written, 0)                                                               \
    X(_moteUpdateWrite, mote_native_update_write, 2)                                                                   \
    X(_moteUpdateRead, mote_native_update_read, 2)                                                                     \
    X(_moteUpdateFinish, mote_native_update_finish, 2)                                                                 \
    X(_i2cTransaction, mote_native_i2c_transaction, 3)                                                                 \
    X(_moteGpioCapabilities, mote_native_gpio_capabilities, 1)                                                         \
    X(_moteGpioMode, mote_native_gpio_mode, 1)                                                                         \
    X(_moteGpioSetMode, mote_native_gpio_set_mode, 2)                                                                  \
    X(_moteGpioValue, mote_native_gpio_value, 1)                                                                       \
    X(_moteLog, mote_native_log, 2)

/* Every native has its function, and every function its native: others have no prototype. */
#define X(name, function, arguments)                                                                                   \
    mote_value function(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count);
MOTE_NATIVES(X)
#undef X

#endif
