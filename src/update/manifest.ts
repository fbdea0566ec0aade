import { copyOf, equal } from "../dtls/bytes/bytes.js"
import { readUint } from "../dtls/bytes/integers.js"

/*
 * An update consists of a manifest and an image after it. Fields of the manifest, with their lengths in bytes: magic "MUP1" (4), version
 * (4), length of the image (4), SHA-256 of the image (32), target devices (52, text, padded with zeros), signature over these 96 bytes (72,
 * ECDSA with P-256 and SHA-256, ECDSA-Sig-Value in DER, padded with zeros). Integers are big-endian.
 */

/** Length of a manifest, bytes. */
export const MANIFEST_BYTES = 168

export const MAGIC = 0x4d555031
export const VERSION_AT = 4
export const LENGTH_AT = 8
export const HASH_AT = 12
export const TARGET_AT = 44
export const SIGNATURE_AT = 96
/** Length of the text that names the target devices, bytes. */
export const TARGET_BYTES = SIGNATURE_AT - TARGET_AT

/** The claims of an update about itself. They are only reliable once the signature has been verified. */
export interface Manifest {
    /** the manifest as it was received */
    bytes: Buffer
    version: number
    /** length of the image, bytes */
    length: number
    hash: Buffer
    /** the signed bytes, and the signature in DER */
    signed: Buffer
    signature: Buffer
}

/** Decodes a manifest. Returns undefined if it is not one. @param bytes MANIFEST_BYTES or more */
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

/** Whether a manifest is for devices with this target name. */
export function isFor(manifest: Manifest, target: string): boolean {
    const wanted = Buffer.alloc(TARGET_BYTES)
    const name = Buffer.from(target)
    if (name.length > TARGET_BYTES) return false
    for (let i = 0; i < name.length; i++) wanted[i] = name[i]
    return equal(copyOf(manifest.bytes, TARGET_AT, SIGNATURE_AT), wanted)
}
