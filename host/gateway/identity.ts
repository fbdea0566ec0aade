import { createHash } from "node:crypto"
import { inOwnMemory } from "../../src/platform/node/connect/compact.js"
import { type DtlsServerConnection } from "../../src/gio/dtls-server-connection.js"

/**
 * A client's identity, as proved by its session: its psk_identity, or the SHA-256 of its public key
 * (SubjectPublicKeyInfo) as 64 lower-case hexadecimal digits, for raw public keys (RFC 7250) and certificates alike. A
 * certificate's subject is ignored, because two authorities may give the same name to two devices. Empty: nothing was
 * proved.
 */
export function identityOf(connection: DtlsServerConnection): Buffer {
    const publicKey = connection.getPeerPublicKey()
    if (publicKey !== undefined) return Buffer.from(createHash("sha256").update(publicKey).digest("hex"))
    return inOwnMemory(connection.getPeerIdentity() ?? Buffer.alloc(0))
}
