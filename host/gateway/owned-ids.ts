import { EMPTY } from "../../src/dtls/bytes/bytes.js"
import { type CryptoProvider } from "../../src/dtls/crypto/provider.js"
import { type HelloExtension } from "../../src/dtls/handshake/hello-extension.js"
import { ConnectionIdsV13 } from "../../src/dtls/handshake/v13/connection-ids.js"
import { hasConnectionId, ID_AT as ID_AT_V13 } from "../../src/dtls/record/v13/unified-header.js"
import { type AlertDescription, ContentType } from "../../src/dtls/wire/code-points.js"
import { REQUEST_CONNECTION_ID } from "../../src/dtls/wire/v13/code-points.js"

/** Where a connection id begins in a record of DTLS 1.2 (RFC 9146 §4). */
const ID_AT_V12 = 11

/** Ids by which others know the association, too: the peer is given no further ones (RFC 9147 §9 leaves that open). */
class LastingIds extends ConnectionIdsV13 {
    override take(type: number, body: Buffer): AlertDescription {
        const asksForSome = type === REQUEST_CONNECTION_ID && body.length === 1
        return super.take(type, asksForSome ? Buffer.alloc(1) : body)
    }
}

/** As `connectionIdsV13` without spare ids, for associations that others look for by their first id. @param length 1 to 255 bytes */
export function lastingConnectionIds(length: number): (crypto: CryptoProvider) => HelloExtension {
    return (crypto) => new LastingIds(crypto, length === 0 ? EMPTY : crypto.random(length), 0)
}

/**
 * Connection ids of one of several processes behind one port: the first byte says whose an id is.
 * @param owner 0 to 255
 * @param make ids of 6 bytes and more, so that no two peers get the same one
 */
export function ownedConnectionIds(
    owner: number,
    make: (crypto: CryptoProvider) => HelloExtension,
): (crypto: CryptoProvider) => HelloExtension {
    return (crypto) => make(drawing(crypto, owner))
}

/** Draws what begins with the owner. */
function drawing(crypto: CryptoProvider, owner: number): CryptoProvider {
    return Object.assign(Object.create(crypto) as CryptoProvider, {
        random: (length: number): Buffer => Buffer.concat([Buffer.from([owner]), crypto.random(length - 1)]),
    })
}

/** Where the connection id of a datagram's first record begins, in either version; undefined: it has none. */
function idAt(datagram: Buffer): number | undefined {
    if (datagram[0] === ContentType.tls12Cid) return ID_AT_V12
    return hasConnectionId(datagram[0]) ? ID_AT_V13 : undefined
}

/** The connection id of a datagram; undefined: it has none. @param length of this side's ids, bytes */
export function connectionIdOf(datagram: Buffer, length: number): Buffer | undefined {
    const at = idAt(datagram)
    return at === undefined || datagram.length < at + length ? undefined : datagram.subarray(at, at + length)
}

/** Whose connection id a datagram has; undefined: it has none. */
export function ownerOf(datagram: Buffer): number | undefined {
    return connectionIdOf(datagram, 1)?.[0]
}
