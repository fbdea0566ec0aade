import { type CryptoProvider } from "../crypto/provider.js"
import { type RecordForm } from "../record/record-layer.js"
import { type AlertDescription, ExtensionType } from "../wire/code-points.js"
import { type Extension, findExtension } from "../wire/extensions.js"

/** An optional hello extension, one instance per association. */
export interface HelloExtension {
    /** code point */
    type: number
    /** client: extension_data to offer; undefined omits the extension */
    offer(): Buffer | undefined
    /**
     * Client: takes the server's answer.
     * @param answers all extensions of the ServerHello
     * @returns `none`, or the alert that ends the handshake
     */
    accept(data: Buffer, answers: Extension[]): AlertDescription
    /** server: takes the client's offer. @returns `none`, or the alert that ends the handshake */
    select(data: Buffer): AlertDescription
    /** server: extension_data of the answer, after `select`; undefined omits the extension */
    answer(): Buffer | undefined
}

/** An extension that limits the plaintext of records, bytes (RFC 6066 §4, RFC 8449). */
export interface LimitExtension extends HelloExtension {
    /** limit on what the peer sends */
    readLimit: number
    /** limit on what this side sends */
    writeLimit: number
}

/** State of the enhanced return routability check, which challenges the old address. */
export enum OldPath {
    notAsked,
    asked,
    /** the peer is still there */
    preferred,
    /** the peer has left it */
    dropped,
}

/** An extension that checks whether the peer receives at its address (RFC 9853). */
export interface PathCheck extends HelloExtension {
    /** both sides support it */
    agreed: boolean
    /** enhanced form: whether the current challenge goes to the old address, and its result; undefined: basic form */
    oldPath?: OldPath
    /** A new challenge; the response to it confirms the peer's address. */
    challenge(crypto: CryptoProvider): Buffer
    /** The outstanding challenge, once more. */
    challengeAgain(): Buffer
    /** Whether no challenge is outstanding. */
    isConfirmed(): boolean
    /** Takes a verified message from the peer. @returns the reply; undefined: none */
    take(message: Buffer): Buffer | undefined
}

/** An extension that changes the form of protected records (RFC 9146). */
export interface RecordExtension extends HelloExtension {
    /** both sides sent the extension */
    agreed: boolean
    /** The connection id carried by records in that direction; empty: they keep their form. */
    recordId(reading: boolean): Buffer
    /** Form of the peer's records; undefined: that of RFC 6347. */
    readForm(): RecordForm | undefined
    /** Restores the ids of a saved association. @returns false if this side's ids have another length now */
    restore(local: Buffer, remote: Buffer): boolean
}

/**
 * Server: the client's offer for `extension`; undefined: none. A server with record_size_limit ignores
 * max_fragment_length beside it (RFC 8449 §5).
 * @param own all extensions of this side
 * @param offered all extensions of the ClientHello
 */
export function offeredData(
    extension: HelloExtension,
    own: HelloExtension[],
    offered: Extension[],
): Buffer | undefined {
    const limitsRecords =
        findHelloExtension(own, ExtensionType.recordSizeLimit) !== undefined &&
        findExtension(offered, ExtensionType.recordSizeLimit) !== undefined
    if (limitsRecords && extension.type === ExtensionType.maxFragmentLength) return undefined
    return findExtension(offered, extension.type)
}

export function findHelloExtension(list: HelloExtension[], type: number): HelloExtension | undefined {
    for (const extension of list) {
        if (extension.type === type) return extension
    }
    return undefined
}
