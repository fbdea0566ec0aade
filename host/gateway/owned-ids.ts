import { type CryptoProvider } from "../../src/dtls/crypto/provider.js"
import { type ConnectionIds } from "../../src/dtls/handshake/connection-ids.js"
import { findHelloExtension, type HelloExtension } from "../../src/dtls/handshake/hello-extension.js"
import { hasConnectionId, ID_AT as ID_AT_V13 } from "../../src/dtls/record/v13/unified-header.js"
import { ContentType, ExtensionType } from "../../src/dtls/wire/code-points.js"
import { type DtlsConnection } from "../../src/gio/dtls-connection.js"

/** Where a connection id begins in a record of DTLS 1.2 (RFC 9146 §4). */
const ID_AT_V12 = 11

/**
 * Connection ids for one of several processes behind one port: the first byte identifies the process.
 * @param owner 0 to 255
 * @param make makes ids of at least 6 bytes, so that no two peers get the same one
 */
export function ownedConnectionIds(
    owner: number,
    make: (crypto: CryptoProvider) => HelloExtension,
): (crypto: CryptoProvider) => HelloExtension {
    return (crypto) => make(drawing(crypto, owner))
}

/** Makes random() return values that begin with the owner's byte. */
function drawing(crypto: CryptoProvider, owner: number): CryptoProvider {
    return Object.assign(Object.create(crypto) as CryptoProvider, {
        random: (length: number): Buffer => Buffer.concat([Buffer.from([owner]), crypto.random(length - 1)]),
    })
}

/** Where the connection id begins in a datagram's first record, in either version; undefined: it has none. */
function idAt(datagram: Buffer): number | undefined {
    if (datagram[0] === ContentType.tls12Cid) return ID_AT_V12
    return hasConnectionId(datagram[0]) ? ID_AT_V13 : undefined
}

/** The connection id in a datagram; undefined: it has none. @param length of this side's ids, bytes */
export function connectionIdOf(datagram: Buffer, length: number): Buffer | undefined {
    const at = idAt(datagram)
    return at === undefined || datagram.length < at + length ? undefined : datagram.subarray(at, at + length)
}

/** The owner of the connection id in a datagram; undefined: it has none. */
export function ownerOf(datagram: Buffer): number | undefined {
    return connectionIdOf(datagram, 1)?.[0]
}

/**
 * All ids of this side that the peer's records may carry, as hexadecimal digits. In DTLS 1.3 there are several once the
 * peer has requested some (RFC 9147 §9).
 */
export function connectionIdsOf(connection: DtlsConnection): string[] {
    const extensions = connection.getAssociation()?.settings.extensions ?? []
    const ids = findHelloExtension(extensions, ExtensionType.connectionId) as ConnectionIds | undefined
    return (ids?.allIds() ?? []).map((id) => id.toString("hex"))
}
