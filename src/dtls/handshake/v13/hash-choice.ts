import { HashAlgorithm } from "../../crypto/algorithms.js"
import { type ClientHello } from "../../wire/client-hello.js"
import { ExtensionType } from "../../wire/code-points.js"
import { findExtension } from "../../wire/extensions.js"
import { type OfferedPsk } from "../../wire/v13/extensions.js"
import { type CipherSuite } from "../cipher-suite.js"
import { findHelloExtension } from "../hello-extension.js"
import { usableSuites } from "../negotiation.js"
import { type AssociationSettings } from "../settings.js"

/**
 * The first suite with the hash of external pre-shared keys: each key is used with one hash, SHA-256 unless specified
 * otherwise (RFC 8446 §4.2.11). Having only suites with another hash specifies it.
 * @param suites of DTLS 1.3, one or more
 */
export function suiteOfKeys(suites: CipherSuite[]): CipherSuite {
    return suites.find((suite) => suite.hash.algorithm === HashAlgorithm.sha256) ?? suites[0]
}

/**
 * Server: the suite to use, one that matches the key that the client prefers.
 * @param psks as the client offers them; undefined: none
 * @param chosen suite of our HelloRetryRequest; 0: none was sent
 * @returns undefined: there is none in common
 */
export function suiteForClient(
    settings: AssociationSettings,
    hello: ClientHello,
    psks: OfferedPsk[] | undefined,
    chosen: number,
): CipherSuite | undefined {
    const common = usableSuites(settings, false).filter((suite) => hello.cipherSuites.indexOf(suite.id) >= 0)
    const known = common.find((suite) => suite.id === chosen)
    if (known !== undefined || psks === undefined) return known ?? common[0]
    let fitting: CipherSuite | undefined
    for (const psk of psks) fitting = fitting ?? withHash(common, psk.binder.length)
    return fitting === undefined && hasCertificates(settings, hello) ? common[0] : fitting
}

/** @param length of the hash, bytes */
function withHash(suites: CipherSuite[], length: number): CipherSuite | undefined {
    return suites.find((suite) => suite.hash.length === length)
}

/** Whether the handshake can do without a pre-shared key. */
function hasCertificates(settings: AssociationSettings, hello: ClientHello): boolean {
    const type = ExtensionType.signatureAlgorithms
    return (
        findHelloExtension(settings.extensions, type) !== undefined &&
        findExtension(hello.extensions, type) !== undefined
    )
}
