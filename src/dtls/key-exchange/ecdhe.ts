import { type AeadParameters, type HashParameters, SHA_256 } from "../crypto/algorithms.js"
import { type Agreement, type KeyOperations, type KeyPair } from "../crypto/keys.js"
import { type Writer } from "../bytes/writer.js"
import { Reader } from "../bytes/reader.js"
import { type CipherSuite } from "../handshake/cipher-suite.js"
import { type KeyExchange } from "../handshake/key-exchange.js"
import { ExtensionType } from "../wire/code-points.js"
import { type Extension, findExtension } from "../wire/extensions.js"
import { readNumberList, writeNumberList } from "../wire/number-list.js"

/* Common parts of ephemeral elliptic curve key exchanges (RFC 8422 §5.1). */

/**
 * @param hash default SHA-256
 * @param keyExchange shared by all of a program's suites with the same key exchange
 */
export function ecdheSuite(
    id: number,
    name: string,
    keyExchange: KeyExchange,
    aead: AeadParameters,
    hash?: HashParameters,
): CipherSuite {
    return { id, name, keyExchange, hash: hash ?? SHA_256(), aead }
}

/** ECPointFormat uncompressed, the only one allowed (RFC 8422 §5.1.2). */
const UNCOMPRESSED = 0

/** supported_groups and ec_point_formats. */
export function offeredGroups(keys: KeyOperations): Extension[] {
    return [
        { type: ExtensionType.supportedGroups, data: writeNumberList(keys.groups, 2, 2) },
        { type: ExtensionType.ecPointFormats, data: writeNumberList([UNCOMPRESSED], 1, 1) },
    ]
}

/**
 * Server: its first group that the client supports too; a client without supported_groups supports any (RFC 8422 §4).
 */
export function selectGroup(keys: KeyOperations, extensions: Extension[]): number | undefined {
    const data = findExtension(extensions, ExtensionType.supportedGroups)
    if (data === undefined) return keys.groups[0]
    const offered = readNumberList(data, 2, 2)
    return offered === undefined ? undefined : firstCommon(keys.groups, offered)
}

/** Server: the answer to ec_point_formats. */
export function answeredFormats(extensions: Extension[]): Extension[] {
    if (findExtension(extensions, ExtensionType.ecPointFormats) === undefined) return []
    return [{ type: ExtensionType.ecPointFormats, data: writeNumberList([UNCOMPRESSED], 1, 1) }]
}

/** Either side: whether uncompressed points are allowed; yes if the extension is absent. */
export function allowsUncompressed(data: Buffer | undefined): boolean {
    if (data === undefined) return true
    const formats = readNumberList(data, 1, 1)
    return formats !== undefined && formats.indexOf(UNCOMPRESSED) >= 0
}

/** The first of `preferred` that is also in `others`. */
export function firstCommon(preferred: number[], others: number[]): number | undefined {
    for (const number of preferred) {
        if (others.indexOf(number) >= 0) return number
    }
    return undefined
}

/** For the side that already has the other's share: a new key pair, its share and the secret. */
export async function agree(keys: KeyOperations, group: number, share: Buffer): Promise<Agreement | undefined> {
    const pair = await keys.newKeyPair(group)
    const secret = await pair.agree(share)
    const ours = pair.publicKey
    pair.close()
    return secret === undefined ? undefined : { share: ours, secret }
}

/** Server: its key pair, made earlier, and the client's share. */
export async function finishAgreement(pair: KeyPair, share: Buffer): Promise<Agreement | undefined> {
    const secret = await pair.agree(share)
    pair.close()
    return secret === undefined ? undefined : { share, secret }
}

/** The client's share in the body of a ClientKeyExchange, or at its end (RFC 8422 §5.7). Undefined if malformed. */
export function readShare(reader: Reader): Buffer | undefined {
    const share = reader.vector(1)
    return reader.done() && share.length > 0 ? share : undefined
}

export function writeShare(writer: Writer, share: Buffer): void {
    writer.vector(share, 1)
}
