import { deepStrictEqual, strictEqual, throws } from "node:assert/strict"
import { createHash } from "node:crypto"
import { type Association } from "../../../src/dtls/association/association.js"
import { channelBinding } from "../../../src/gio/channel-binding.js"
import { TlsChannelBindingType } from "../../../src/gio/enums.js"
import { ErrorDomain, type GError, TlsChannelBindingError } from "../../../src/gio/errors.js"
import { certificate } from "../../engine/x509.test-suite.js"
import { simulateV13 } from "../engine/v13/versions.js"

const { UNIQUE, EXPORTER, SERVER_END_POINT } = TlsChannelBindingType
const NONE = Buffer.alloc(0)

/** Both sides of a DTLS 1.3 association. */
function sides(): Association[] {
    const s = simulateV13()
    s.connect()
    return [s.client, s.serverAssociation()]
}

function refused(code: TlsChannelBindingError): (error: GError) => boolean {
    return (error) => error.matches(ErrorDomain.channelBinding, code)
}

describe("channel bindings in DTLS 1.3", () => {
    it("[H28] tls-unique is NOT_AVAILABLE (RFC 8446 appendix C.5), tls-exporter replaces it and is the same on both sides", () => {
        const both = sides()
        for (const one of both)
            throws(() => channelBinding(one, UNIQUE, NONE), refused(TlsChannelBindingError.NOT_AVAILABLE))
        const [client, server] = both.map((one) => channelBinding(one, EXPORTER, NONE))
        deepStrictEqual(client, server)
        strictEqual(client.length, 32)
    })

    it("[H28] tls-server-end-point uses the hash of the certificate's signature, SHA-256 in place of SHA-1, and is absent where the signature has none", () => {
        const [client] = sides()
        // AlgorithmIdentifier of ecdsa-with-SHA256, and others of the same length.
        const algorithm = "300a06082a8648ce3d040302"
        const signedWith = (other: string): Buffer =>
            Buffer.from(certificate.toString("hex").replaceAll(algorithm, other), "hex")
        const cases = {
            [algorithm]: "sha256",
            "300a06082a8648ce3d040303": "sha384",
            "300a06072a8648ce3d040105": "sha256",
        }
        for (const [identifier, hash] of Object.entries(cases)) {
            const changed = signedWith(identifier)
            deepStrictEqual(
                channelBinding(client, SERVER_END_POINT, changed),
                createHash(hash).update(changed).digest(),
                identifier,
            )
        }
        for (const without of [NONE, signedWith("300a06082a8648ce3d040309")])
            throws(
                () => channelBinding(client, SERVER_END_POINT, without),
                refused(TlsChannelBindingError.NOT_AVAILABLE),
            )
    })

    it("[H28] there are none before the handshake is done", () => {
        const s = simulateV13()
        s.begin()
        for (const type of [UNIQUE, EXPORTER, SERVER_END_POINT])
            throws(() => channelBinding(s.client, type, NONE), refused(TlsChannelBindingError.INVALID_STATE))
    })
})
