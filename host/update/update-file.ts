/* Files that `mote build --update` writes: a manifest that is signed, and a program's image (src/update/manifest.ts). */
import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign, verify } from "node:crypto"
import { readFileSync } from "node:fs"
import {
    HASH_AT,
    LENGTH_AT,
    MAGIC,
    MANIFEST_BYTES,
    readManifest,
    SIGNATURE_AT,
    TARGET_AT,
    TARGET_BYTES,
    VERSION_AT,
} from "../../src/update/manifest.js"
import { UsageError } from "../credentials.js"

/** What an update says of itself. */
export interface UpdateDescription {
    /** the higher one is newer: the number of the program's slot */
    version: number
    /** for which devices: PRODUCT/BOARD */
    target: string
}

/** A signed update. @param privateKey of P-256 */
export function writeUpdate(image: Uint8Array, of: UpdateDescription, privateKey: KeyObject): Buffer {
    const { version, target } = of
    if (Buffer.byteLength(target) > TARGET_BYTES) throw new RangeError(`a target has at most ${TARGET_BYTES} bytes`)
    const manifest = Buffer.alloc(MANIFEST_BYTES)
    manifest.writeUInt32BE(MAGIC)
    manifest.writeUInt32BE(version, VERSION_AT)
    manifest.writeUInt32BE(image.length, LENGTH_AT)
    manifest.set(createHash("sha256").update(image).digest(), HASH_AT)
    manifest.write(target, TARGET_AT)
    manifest.set(sign("sha256", manifest.subarray(0, SIGNATURE_AT), privateKey), SIGNATURE_AT)
    return Buffer.concat([manifest, image])
}

/** What an update's file has, as it says; undefined when it is none, or not whole. */
export function readUpdate(file: Uint8Array): UpdateDescription | undefined {
    const bytes = Buffer.from(file)
    const manifest = readManifest(bytes)
    const image = bytes.subarray(MANIFEST_BYTES)
    if (manifest === undefined || image.length !== manifest.length) return undefined
    if (!createHash("sha256").update(image).digest().equals(manifest.hash)) return undefined
    const target = bytes.toString("utf8", TARGET_AT, SIGNATURE_AT).replace(/\0+$/, "")
    return { version: manifest.version, target }
}

/** An update's file, and what it has. @param what the option or argument that named it. Throws UsageError. */
export function openUpdate(path: string, what: string): UpdateDescription & { file: Buffer } {
    let file: Buffer
    try {
        file = readFileSync(path)
    } catch (error) {
        throw new UsageError(`${what}: cannot read ${path} (${(error as NodeJS.ErrnoException).code ?? "error"})`)
    }
    const update = readUpdate(file)
    if (update === undefined) throw new UsageError(`${what}: ${path} is no whole update of mote build --update`)
    return { ...update, file }
}

/** Whether a key has signed an update. @param publicKey SubjectPublicKeyInfo in DER */
export function isSignedBy(file: Uint8Array, publicKey: Buffer): boolean {
    const manifest = readManifest(Buffer.from(file))
    if (manifest === undefined) return false
    return verify("sha256", manifest.signed, { key: publicKey, format: "der", type: "spki" }, manifest.signature)
}

function readKey(path: string, what: string, parse: (text: Buffer) => KeyObject): KeyObject {
    let key: KeyObject
    try {
        key = parse(readFileSync(path))
    } catch {
        // What node:crypto says may repeat what it was given.
        throw new UsageError(`${what}: ${path} is no such key in PEM; mote keygen key NAME makes a pair`)
    }
    if (key.asymmetricKeyDetails?.namedCurve === "prime256v1") return key
    throw new UsageError(`${what}: ${path} is no key of P-256; mote keygen key NAME makes a pair`)
}

/** The private key that signs updates. @param what the option that named it */
export const readSigningKey = (path: string, what: string): KeyObject => readKey(path, what, createPrivateKey)

/** SubjectPublicKeyInfo, DER, of a file with a public key. @param what the setting that named it */
export function readUpdateKey(path: string, what: string): Buffer {
    return spkiOf(readKey(path, what, createPublicKey))
}

/** SubjectPublicKeyInfo, DER, of a key pair's private key. */
export const publicKeyOf = (privateKey: KeyObject): Buffer => spkiOf(createPublicKey(privateKey))

const spkiOf = (key: KeyObject): Buffer => key.export({ format: "der", type: "spki" })
