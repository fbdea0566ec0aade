import { type CryptoProvider } from "../crypto/provider.js"
import { type RecordForm } from "../record/record-layer.js"
import { type AlertDescription, ExtensionType } from "../wire/code-points.js"
import { type Extension, findExtension } from "../wire/extensions.js"

/** An optional hello extension, one instance per association. */
export interface HelloExtension {
    /** code point */
    type: number
    /** client: extension_data to offer; undefined leaves it out */
    offer(): Buffer | undefined
    /**
     * Client: the server's answer.
     * @param answers all extensions of the ServerHello
     * @returns `none`, or the alert that ends the handshake
     */
    accept(data: Buffer, answers: Extension[]): AlertDescription
    /** server: the client's offer. @returns `none`, or the alert that ends the handshake */
    select(data: Buffer): AlertDescription
    /** server: extension_data to answer with after `select`; undefined leaves it out */
    answer(): Buffer | undefined
}

/** An extension that limits the plaintext of records, bytes (RFC 6066 §4, RFC 8449). */
export interface LimitExtension extends HelloExtension {
    /** of what the peer sends */
    readLimit: number
    /** of what this side sends */
    writeLimit: number
}

/** How far the enhanced form of return routability has come with the address before. */
export enum OldPath {
    notAsked,
    asked,
    /** the peer is there still */
    preferred,
    /** the peer has left it */
    dropped,
}

/** An extension that finds out whether the peer receives at its address (RFC 9853). */
export interface PathCheck extends HelloExtension {
    /** both sides know it */
    agreed: boolean
    /** enhanced form: the challenge under way goes to the address before the new one, unless it is notAsked; undefined: basic form */
    oldPath?: OldPath
    /** A message that the peer has to answer; the next response confirms its address. */
    challenge(crypto: CryptoProvider): Buffer
    /** The challenge that waits for its response, once more. */
    challengeAgain(): Buffer
    /** No challenge waits for its response. */
    isConfirmed(): boolean
    /** Takes a verified message of the peer. @returns the answer to it; undefined: none */
    take(message: Buffer): Buffer | undefined
}

/** An extension that changes the form of protected records (RFC 9146). */
export interface RecordExtension extends HelloExtension {
    /** both sides sent the extension */
    agreed: boolean
    /** The connection id that records carry in that direction; empty: they keep their form. */
    recordId(reading: boolean): Buffer
    /** Of the peer's records; undefined: that of RFC 6347. */
    readForm(): RecordForm | undefined
    /** The ids of an association that goes on. @returns false when ids of this side have another length now */
    restore(local: Buffer, remote: Buffer): boolean
}

/**
 * Server: what the client offers for `extension`; undefined: nothing. A server with record_size_limit ignores
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
