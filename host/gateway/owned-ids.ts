import { type CryptoProvider } from "../../src/dtls/crypto/provider.js"
import { ConnectionIds } from "../../src/dtls/handshake/connection-ids.js"
import { type HelloExtension } from "../../src/dtls/handshake/hello-extension.js"
import { ContentType } from "../../src/dtls/wire/code-points.js"

/** Where a connection id begins in a record (RFC 9146 §4). */
const ID_AT = 11

/**
 * As `connectionIds`, for one of several processes behind one port: the first byte says whose an id is.
 * @param length 6 bytes and more, so that no two peers get the same one
 * @param owner 0 to 255
 */
export function ownedConnectionIds(length: number, owner: number): (crypto: CryptoProvider) => HelloExtension {
    return (crypto) => new ConnectionIds(Buffer.concat([Buffer.from([owner]), crypto.random(length - 1)]))
}

/** Whose connection id a datagram has; undefined: it has none. */
export function ownerOf(datagram: Buffer): number | undefined {
    return datagram[0] === ContentType.tls12Cid && datagram.length > ID_AT ? datagram[ID_AT] : undefined
}
