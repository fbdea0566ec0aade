import { equal } from "../dtls/bytes/bytes.js"

/** The text that `bytes` spell in UTF-8 (RFC 3629); undefined when they spell none: a decoder puts U+FFFD there, which does not encode back. */
export function utf8Text(bytes: Buffer): string | undefined {
    const text = bytes.toString()
    return equal(Buffer.from(text), bytes) ? text : undefined
}
