import { copyOf, equal } from "../dtls/bytes/bytes.js"
import { readUint } from "../dtls/bytes/integers.js"

/*
 * An update is a manifest and an image behind it. The manifest: magic "MUP1", version 4, length of the image 4, its SHA-256 32, for
 * which devices it is 52 (text, filled up with zeros); then, over these 96 bytes, a signature (ECDSA with P-256 and SHA-256,
 * ECDSA-Sig-Value in DER, filled up with zeros) 72. Integers are big-endian.
 */

/** Bytes of a manifest. */
export const MANIFEST_BYTES = 168

export const MAGIC = 0x4d555031
export const VERSION_AT = 4
export const LENGTH_AT = 8
export const HASH_AT = 12
export const TARGET_AT = 44
export const SIGNATURE_AT = 96
/** Bytes of the text that says for which devices an update is. */
export const TARGET_BYTES = SIGNATURE_AT - TARGET_AT

/** What an update says of itself; whether it is true its signature says. */
export interface Manifest {
    /** as it came */
    bytes: Buffer
    version: number
    /** of the image, bytes */
    length: number
    hash: Buffer
    /** what is signed, and the signature in DER */
    signed: Buffer
    signature: Buffer
}

/** Undefined: it is none. @param bytes MANIFEST_BYTES, or more */
export function readManifest(bytes: Buffer): Manifest | undefined {
    if (bytes.length < MANIFEST_BYTES || readUint(bytes, 0, 4) !== MAGIC) return undefined
    const end = SIGNATURE_AT + 2 + bytes[SIGNATURE_AT + 1]
    if (end > MANIFEST_BYTES) return undefined
    return {
        bytes: copyOf(bytes, 0, MANIFEST_BYTES),
        version: readUint(bytes, VERSION_AT, 4),
        length: readUint(bytes, LENGTH_AT, 4),
        hash: copyOf(bytes, HASH_AT, TARGET_AT),
        signed: copyOf(bytes, 0, SIGNATURE_AT),
        signature: copyOf(bytes, SIGNATURE_AT, end),
    }
}

/** Whether a manifest is for devices that call themselves `target`. */
export function isFor(manifest: Manifest, target: string): boolean {
    const wanted = Buffer.alloc(TARGET_BYTES)
    const name = Buffer.from(target)
    if (name.length > TARGET_BYTES) return false
    for (let i = 0; i < name.length; i++) wanted[i] = name[i]
    return equal(copyOf(manifest.bytes, TARGET_AT, SIGNATURE_AT), wanted)
}
