/* Finds the translation of an image. */
#include "translation.h"

#ifdef MOTE_TRANSLATED
#include <psa/crypto.h>
#include <string.h>

/** Ends with NULL; written by host/translate. */
extern const mote_translation *const mote_translations[];

void mote_natives_translate(mote_vm *vm, const void *image, size_t length)
{
    uint8_t hash[32];
    size_t size;
    if (psa_crypto_init() != PSA_SUCCESS) return;
    if (psa_hash_compute(PSA_ALG_SHA_256, image, length, hash, sizeof hash, &size) != PSA_SUCCESS) return;
    for (const mote_translation *const *one = mote_translations; *one != NULL; one++)
        if (memcmp((*one)->sha256, hash, sizeof hash) == 0) mote_vm_translate(vm, *one);
}

#else

void mote_natives_translate(mote_vm *vm, const void *image, size_t length)
{
    (void)vm, (void)image, (void)length;
}
#endif
