import { CoapCode } from "../coap/code-points.js"
import { copyOf, equal } from "../dtls/bytes/bytes.js"
import { HashAlgorithm } from "../dtls/crypto/algorithm-numbers.js"
import { type KeyOperations } from "../dtls/crypto/keys.js"
import { SignatureScheme } from "../dtls/wire/code-points.js"
import { type Services } from "../platform/services.js"
import { isFor, type Manifest, readManifest } from "./manifest.js"
import { type ProgramSlots } from "./program-slots.js"

/** The reason why an update is refused: a response code for the sender, and a text. */
export interface Refusal {
    code: CoapCode
    text: string
}

/** The origin and target of the updates that a device accepts. */
export interface UpdateSource {
    /** public key that verifies signatures: P-256, SubjectPublicKeyInfo in DER */
    key: Buffer
    /** target name of this device: PRODUCT/BOARD */
    target: string
}

/** Name of the storage entry with the manifest of the update in progress. */
const SAVED = "update"

/** Number of bytes to read at a time for the hash, and to write again after a power failure. */
const CHUNK = 1024

/**
 * An update that is being written into the inactive slot, whatever its source. Its progress survives a power failure: the manifest is in
 * the storage, and the slot itself shows how much of the image has been written.
 * @devsWhenUsed
 */
export class ProgramUpdate {
    /** manifest of the update in progress; undefined: none has begun since the start */
    private manifest: Manifest | undefined
    private position = 0

    constructor(
        private services: Services,
        private keys: KeyOperations,
        public slots: ProgramSlots,
        public source: UpdateSource,
    ) {}

    /** Number of bytes of the image that are in the slot; -1: no update is in progress. */
    received(): number {
        return this.manifest === undefined ? -1 : this.position
    }

    /**
     * Begins the update that a manifest describes, or continues an interrupted one. `received` tells the position.
     * Throws GError if flash or storage fail.
     * @returns why the update is refused; undefined: it is accepted
     */
    async begin(bytes: Buffer): Promise<Refusal | undefined> {
        const manifest = readManifest(bytes)
        if (manifest === undefined) return noUpdate()
        const why = this.refusalOf(manifest) ?? (await this.refusalOfSignature(manifest))
        if (why !== undefined) return why
        if (this.isUnderWay(manifest.bytes)) return undefined
        const saved = await this.services.storage.load(SAVED)
        const written = this.slots.written()
        if (saved === undefined || !equal(saved, manifest.bytes) || written < 0) return await this.beginAnew(manifest)
        // The last write may have been interrupted. It is repeated, from the beginning of its flash page.
        this.position = Math.floor(Math.max(0, Math.min(written, manifest.length) - CHUNK) / CHUNK) * CHUNK
        this.manifest = manifest
        return undefined
    }

    /** Checks that need no signature verification, and are therefore cheap: a device asks for updates every day. */
    private refusalOf(manifest: Manifest): Refusal | undefined {
        const { slots, source } = this
        const { version, length } = manifest
        if (slots.room() === 0) return refusal(CoapCode.INTERNAL_SERVER_ERROR, "This device has no slots for programs")
        if (!isFor(manifest, source.target))
            return refusal(CoapCode.PRECONDITION_FAILED, "The update is not for " + source.target)
        if (version <= slots.running())
            return refusal(CoapCode.CONFLICT, "Version " + version + " is not newer than " + slots.running())
        if (version <= slots.other())
            return refusal(CoapCode.CONFLICT, "Version " + slots.other() + " was tried, or is about to be")
        if (length === 0) return refusal(CoapCode.BAD_REQUEST, "The update has no program")
        if (length > slots.room())
            return refusal(CoapCode.REQUEST_ENTITY_TOO_LARGE, "A program has at most " + slots.room() + " bytes")
        return undefined
    }

    private async refusalOfSignature(manifest: Manifest): Promise<Refusal | undefined> {
        const { signed, signature } = manifest
        const scheme = SignatureScheme.ecdsaSecp256r1Sha256
        const isGenuine = await this.keys.verify(this.source.key, scheme, signed, signature)
        if (!isGenuine)
            return refusal(CoapCode.FORBIDDEN, "The update is not signed by the key of this device's updates")
        if (this.slots.isOnTrial())
            return refusal(CoapCode.SERVICE_UNAVAILABLE, "The program that runs is itself still on trial")
        return undefined
    }

    /**
     * Erases the slot. The saved manifest is removed before that and written after it, so that it always belongs to the image in the slot.
     */
    private async beginAnew(manifest: Manifest): Promise<undefined> {
        const { slots, services } = this
        this.manifest = undefined
        await services.storage.remove(SAVED)
        await slots.erase(manifest.length)
        await services.storage.save(SAVED, manifest.bytes)
        this.position = 0
        this.manifest = manifest
        return undefined
    }

    private isUnderWay(manifest: Buffer): boolean {
        return this.manifest !== undefined && equal(this.manifest.bytes, manifest)
    }

    /**
     * Writes a part of the image, which may overlap with what is already written. Throws GError if the flash fails.
     * @param manifest the manifest that the caller has begun with: another update may have begun meanwhile
     * @returns why the part is refused; undefined: it is written
     */
    async write(manifest: Buffer, offset: number, part: Buffer): Promise<Refusal | undefined> {
        const { position } = this
        const end = offset + part.length
        if (this.manifest === undefined || !this.isUnderWay(manifest) || offset > position)
            return refusal(CoapCode.REQUEST_ENTITY_INCOMPLETE, "Parts before this one are missing")
        if (end > this.manifest.length)
            return refusal(CoapCode.BAD_REQUEST, "The program is longer than its manifest says")
        if (end <= position) return undefined
        await this.slots.write(position, copyOf(part, position - offset, part.length))
        this.position = end
        return undefined
    }

    /**
     * Verifies the image in the slot, and makes it the program for the next start. Throws GError if flash or storage fail.
     * @returns why the image is refused, and then the next `begin` starts from the beginning; undefined: it is accepted
     */
    async finish(manifest: Buffer): Promise<Refusal | undefined> {
        const { slots, services } = this
        const own = this.manifest
        if (own === undefined || !this.isUnderWay(manifest))
            return refusal(CoapCode.REQUEST_ENTITY_INCOMPLETE, "Another update has come")
        if (this.position < own.length)
            return refusal(CoapCode.BAD_REQUEST, "The program is shorter than its manifest says")
        this.manifest = undefined
        const isSame = equal(this.hashOfSlot(own.length), own.hash)
        if (isSame) await slots.finish(own.length, own.version)
        await services.storage.remove(SAVED)
        return isSame ? undefined : refusal(CoapCode.UNPROCESSABLE_ENTITY, "The program is not the one that was signed")
    }

    private hashOfSlot(length: number): Buffer {
        const hash = this.services.crypto.newHash(HashAlgorithm.sha256)
        for (let at = 0; at < length; at += CHUNK) {
            const part = Buffer.alloc(Math.min(CHUNK, length - at))
            this.slots.read(at, part)
            hash.update(part)
        }
        return hash.digest()
    }
}

/** The refusal of bytes without a manifest. */
export function noUpdate(): Refusal {
    return refusal(CoapCode.BAD_REQUEST, "This is no update for programs")
}

function refusal(code: CoapCode, text: string): Refusal {
    return { code, text }
}
