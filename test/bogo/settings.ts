import { type DriverRole } from "../../src/dtls/association/handshake-driver.js"
import { clientRoleV12V13, clientRoleV13 } from "../../src/dtls/association/v13/roles.js"
import { SHA_256, SHA_384 } from "../../src/dtls/crypto/algorithms.js"
import { type CryptoProvider } from "../../src/dtls/crypto/provider.js"
import { Alpn } from "../../src/dtls/handshake/alpn.js"
import { type CipherSuite } from "../../src/dtls/handshake/cipher-suite.js"
import { type HelloExtension } from "../../src/dtls/handshake/hello-extension.js"
import { AuthenticationMode, type KeyExchange } from "../../src/dtls/handshake/key-exchange.js"
import { gatewayLimits, type Limits } from "../../src/dtls/handshake/limits.js"
import { serverName } from "../../src/dtls/handshake/server-name.js"
import { type AssociationSettings } from "../../src/dtls/handshake/settings.js"
import { clientRole } from "../../src/dtls/handshake/v12/client.js"
import { importedPsks } from "../../src/dtls/handshake/v13/imported-psks.js"
import { allSuitesV13 } from "../../src/dtls/handshake/v13/suites.js"
import * as certificateSuites from "../../src/dtls/key-exchange/certificate-suites.js"
import { type CertificateOptions, SignatureKind } from "../../src/dtls/key-exchange/certificate-types.js"
import { EcdheCertificateKeyExchange } from "../../src/dtls/key-exchange/ecdhe-certificate.js"
import * as ecdhePskSuites from "../../src/dtls/key-exchange/ecdhe-psk-suites.js"
import { EcdhePskKeyExchange } from "../../src/dtls/key-exchange/ecdhe-psk.js"
import { allSuites } from "../../src/dtls/key-exchange/suites.js"
import { certificates } from "../../src/dtls/key-exchange/v13/certificates.js"
import { keyShares } from "../../src/dtls/key-exchange/v13/key-shares.js"
import { CertificateType } from "../../src/dtls/wire/code-points.js"
import { NodeServices } from "../../src/platform/node/services.js"
import { keyOperations } from "./answers.js"
import { certifiedBy, DTLS12, DTLS13, importedOf, type ShimConfiguration, Unimplemented } from "./flags.js"
import { type Sessions } from "./sessions.js"

/** Bytes of UDP payload that BoringSSL assumes a path to carry. */
const DEFAULT_BUDGET = 1472

/** Which versions a test wants. */
interface Versions {
    v12: boolean
    v13: boolean
}

/** The numbers of the wire count down, and DTLS 1.0 is none of ours. BoringSSL's pre-shared keys by that flag are DTLS 1.2's. */
export function versionsOf(of: ShimConfiguration): Versions {
    const { minVersion, maxVersion, psk, excluded } = of
    const min = minVersion ?? DTLS12
    const max = maxVersion ?? DTLS13
    const isAmong = (version: number): boolean => version <= min && version >= max && !excluded.includes(version)
    // Imported keys are DTLS 1.3's.
    const older = isAmong(DTLS12) && hasCertificates(of)
    const versions = { v12: older, v13: isAmong(DTLS13) && psk === undefined }
    if (!versions.v12 && !versions.v13) throw new Unimplemented("a version other than DTLS 1.2 and 1.3")
    return versions
}

/** Of a client. A server's depends on the hello that comes (opening.ts), unless it speaks DTLS 1.2 alone. */
export function clientRoleOf({ v12, v13 }: Versions): DriverRole {
    if (!v13) return clientRole()
    return v12 ? clientRoleV12V13() : clientRoleV13()
}

export function settingsOf(of: ShimConfiguration, sessions: Sessions): AssociationSettings {
    const { crypto } = new NodeServices()
    return {
        crypto,
        suites: suitesOf(of),
        extensions: [...extensionsOf(of, crypto), ...sessionsOf(of, crypto, sessions)],
        // BoringSSL's timers: no jitter, 60 s at most, and the 13th timeout gives up.
        retransmission: {
            initial: of.initialTimeout,
            maximum: 60000,
            attempts: 12,
            jitter: 0,
            deadline: 3600000,
            shrinkAfter: 100,
        },
        limits: limitsOf(of),
        pathBudget: of.mtu ?? DEFAULT_BUDGET,
        requireExtendedMasterSecret: false,
        // The runner wants the identity itself as the hint.
        pskIdentityHint: of.psk === undefined ? undefined : of.pskIdentity,
        authenticationMode: authenticationMode(of),
        alertOnKeyMismatch: true,
        keyLog: undefined,
    }
}

/** As large as they go: the runner tests the largest messages, too. */
function limitsOf({ maxCertList }: ShimConfiguration): Limits {
    return { ...gatewayLimits(), handshakeMessageBytes: maxCertList ?? 57000, inboxBytes: 114000 }
}

function authenticationMode({ requireClientCertificate, verifyPeer }: ShimConfiguration): AuthenticationMode {
    if (requireClientCertificate) return AuthenticationMode.required
    return verifyPeer ? AuthenticationMode.requested : AuthenticationMode.none
}

/** CertificateTypes: of one's own those of the credentials, and a client's what the test says. */
function optionsOf(of: ShimConfiguration): CertificateOptions {
    const own = certifiedBy(of).map(({ isRawKey }) => (isRawKey ? CertificateType.rawPublicKey : CertificateType.x509))
    const ownTypes = of.ownTypes.length > 0 ? of.ownTypes : [...new Set(own)]
    return { peerTypes: [CertificateType.x509], ownTypes, authorities: [] }
}

function suitesOf(of: ShimConfiguration): CipherSuite[] {
    const { v12, v13 } = versionsOf(of)
    const newer = v13 ? allSuitesV13() : []
    const older = v12 ? olderSuites(of) : []
    const named = of.suites === undefined ? older : older.filter(({ name }) => of.suites?.includes(name))
    return [...newer, ...named]
}

function olderSuites(of: ShimConfiguration): CipherSuite[] {
    const keys = keyOperations(of, false)
    const options = optionsOf(of)
    const ecdsa = new EcdheCertificateKeyExchange(keys, SignatureKind.ecdsa, options)
    const rsa = new EcdheCertificateKeyExchange(keys, SignatureKind.rsa, options)
    const certified = withExchange(certificateSuites, (name) => (name.includes("_RSA_") ? rsa : ecdsa))
    if (of.psk === undefined) return certified
    const psk = new EcdhePskKeyExchange(keys)
    return [...withExchange(ecdhePskSuites, () => psk), ...allSuites(), ...certified]
}

type SuiteMaker = (exchange: KeyExchange) => CipherSuite

/** All suites of a module, strongest AEADs first. */
function withExchange(module: Record<string, SuiteMaker>, exchange: (name: string) => KeyExchange): CipherSuite[] {
    const suites = Object.entries(module).map(([name, make]) => make(exchange(name)))
    return suites.sort((a, b) => rank(a) - rank(b))
}

const rank = ({ name }: CipherSuite): number => ["GCM", "CHACHA20", "CCM"].findIndex((aead) => name.includes(aead))

function sessionsOf(of: ShimConfiguration, crypto: CryptoProvider, sessions: Sessions): HelloExtension[] {
    const newer = versionsOf(of).v13 ? sessions.extensionsV13(of, crypto) : []
    return [...newer, sessions.extension(of, crypto)]
}

function extensionsOf(of: ShimConfiguration, crypto: CryptoProvider): HelloExtension[] {
    const { isServer, hostName, advertiseAlpn, selectAlpn } = of
    const extensions: HelloExtension[] = []
    if (!isServer && hostName !== undefined) extensions.push(serverName(hostName)())
    if (!isServer && advertiseAlpn.length > 0) extensions.push(new Alpn(advertiseAlpn, false))
    if (isServer && selectAlpn !== undefined) extensions.push(new Alpn([selectAlpn], false))
    if (!versionsOf(of).v13) return extensions
    const keys = keyOperations(of, true)
    extensions.push(keyShares(keys, true)(crypto), ...importsOf(of, crypto))
    return hasCertificates(of) ? [...extensions, certificates(keys, optionsOf(of))(crypto)] : extensions
}

function importsOf(of: ShimConfiguration, crypto: CryptoProvider): HelloExtension[] {
    const own = importedOf(of)?.imported
    if (own === undefined) return []
    return [importedPsks({ context: own.context, hash: own.isSha384 ? SHA_384() : SHA_256() })(crypto)]
}

/** Who has a pre-shared key alone knows the peer by nothing else: a client unless it is told to verify the server. */
function hasCertificates(of: ShimConfiguration): boolean {
    if (importedOf(of) === undefined) return true
    return of.isServer ? certifiedBy(of).length > 0 : of.verifyPeer
}
