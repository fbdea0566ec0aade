/* CCM (RFC 3610) over the library's AES. */
#ifndef MOTE_CCM_H
#define MOTE_CCM_H

#include "aead_context.h"

#if WITH_CCM && MBEDTLS_VERSION_MAJOR < 4

#include <mbedtls/aes.h>

/** Seals or opens. Returns false if the tag is not authentic, or the library fails. Output may overwrite the input. */
bool mote_ccm(mbedtls_aes_context *aes, const aead_job *job, size_t tag_bytes, bool seal);

#endif
#endif
