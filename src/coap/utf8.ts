import { equal } from "../dtls/bytes/bytes.js"

/**
 * Decodes UTF-8 (RFC 3629). Returns undefined if `bytes` are not valid UTF-8: a decoder replaces invalid bytes by U+FFFD, which does not
 * encode back to the same bytes.
 */
export function utf8Text(bytes: Buffer): string | undefined {
    const text = bytes.toString()
    return equal(Buffer.from(text), bytes) ? text : undefined
}
