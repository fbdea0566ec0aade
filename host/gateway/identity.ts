import { createHash } from "node:crypto"
import { inOwnMemory } from "../../src/platform/node/connect/compact.js"
import { type DtlsServerConnection } from "../../src/gio/dtls-server-connection.js"

/**
 * Who a client is to the gateway, by what its session proved: its psk_identity, or the SHA-256 of its public key
 * (SubjectPublicKeyInfo) as 64 lower-case hexadecimal digits, whether it came bare (RFC 7250) or in a certificate. Whatever a
 * certificate says of its subject plays no part: two authorities may give one name to two devices. Empty: nothing was proved.
 */
export function identityOf(connection: DtlsServerConnection): Buffer {
    const publicKey = connection.getPeerPublicKey()
    if (publicKey !== undefined) return Buffer.from(createHash("sha256").update(publicKey).digest("hex"))
    return inOwnMemory(connection.getPeerIdentity() ?? Buffer.alloc(0))
}
