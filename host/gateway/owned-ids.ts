import { type CryptoProvider } from "../../src/dtls/crypto/provider.js"
import { type HelloExtension } from "../../src/dtls/handshake/hello-extension.js"
import { connectionIdsV13 } from "../../src/dtls/handshake/v13/connection-ids.js"
import { ContentType } from "../../src/dtls/wire/code-points.js"

/** Where a connection id begins in a record (RFC 9146 §4). */
const ID_AT = 11
/** The same in DTLS 1.3 (RFC 9147 §4), whose first byte has bits that say what it is, and one for an id. */
const ID_AT_V13 = 1
const UNIFIED_MASK = 0xf0
const UNIFIED_WITH_ID = 0x30

/**
 * As `connectionIdsV13`, for one of several processes behind one port: the first byte says whose an id is.
 * @param length 6 bytes and more, so that no two peers get the same one
 * @param owner 0 to 255
 */
export function ownedConnectionIds(length: number, owner: number): (crypto: CryptoProvider) => HelloExtension {
    const make = connectionIdsV13(length, 0)
    return (crypto) => make(drawing(crypto, owner))
}

/** Draws what begins with the owner. */
function drawing(crypto: CryptoProvider, owner: number): CryptoProvider {
    return Object.assign(Object.create(crypto) as CryptoProvider, {
        random: (length: number): Buffer => Buffer.concat([Buffer.from([owner]), crypto.random(length - 1)]),
    })
}

/** Whose connection id a datagram has; undefined: it has none. */
export function ownerOf(datagram: Buffer): number | undefined {
    if (datagram[0] === ContentType.tls12Cid) return datagram.at(ID_AT)
    return (datagram[0] & UNIFIED_MASK) === UNIFIED_WITH_ID ? datagram.at(ID_AT_V13) : undefined
}
