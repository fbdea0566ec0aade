import { type DriverRole } from "../../src/dtls/association/handshake-driver.js"
import { Alpn } from "../../src/dtls/handshake/alpn.js"
import { type CipherSuite } from "../../src/dtls/handshake/cipher-suite.js"
import { type HelloExtension } from "../../src/dtls/handshake/hello-extension.js"
import { AuthenticationMode, type KeyExchange } from "../../src/dtls/handshake/key-exchange.js"
import { gatewayLimits, type Limits } from "../../src/dtls/handshake/limits.js"
import { serverName } from "../../src/dtls/handshake/server-name.js"
import { type AssociationSettings } from "../../src/dtls/handshake/settings.js"
import { clientRole } from "../../src/dtls/handshake/v12/client.js"
import { serverRole } from "../../src/dtls/handshake/v12/server.js"
import * as certificateSuites from "../../src/dtls/key-exchange/certificate-suites.js"
import { SignatureKind, x509Only } from "../../src/dtls/key-exchange/certificate-types.js"
import { EcdheCertificateKeyExchange } from "../../src/dtls/key-exchange/ecdhe-certificate.js"
import * as ecdhePskSuites from "../../src/dtls/key-exchange/ecdhe-psk-suites.js"
import { EcdhePskKeyExchange } from "../../src/dtls/key-exchange/ecdhe-psk.js"
import { allSuites } from "../../src/dtls/key-exchange/suites.js"
import { NodeServices } from "../../src/platform/node/services.js"
import { keyOperations } from "./answers.js"
import { DTLS12, type ShimConfiguration, Unimplemented } from "./flags.js"

/** Bytes of UDP payload that BoringSSL assumes a path to carry. */
const DEFAULT_BUDGET = 1472

/** The versions of the wire count down. */
export function roleOf({ isServer, minVersion, maxVersion }: ShimConfiguration): DriverRole {
    const isAllowed = (minVersion ?? DTLS12) >= DTLS12 && (maxVersion ?? DTLS12) <= DTLS12
    if (!isAllowed) throw new Unimplemented("a version other than DTLS 1.2")
    return isServer ? serverRole() : clientRole()
}

export function settingsOf(of: ShimConfiguration): AssociationSettings {
    return {
        crypto: new NodeServices().crypto,
        suites: suitesOf(of),
        extensions: extensionsOf(of),
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
        pskIdentityHint: undefined,
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

function suitesOf(of: ShimConfiguration): CipherSuite[] {
    const keys = keyOperations(of)
    const ecdsa = new EcdheCertificateKeyExchange(keys, SignatureKind.ecdsa, x509Only())
    const rsa = new EcdheCertificateKeyExchange(keys, SignatureKind.rsa, x509Only())
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

function extensionsOf({ isServer, hostName, advertiseAlpn, selectAlpn }: ShimConfiguration): HelloExtension[] {
    const extensions: HelloExtension[] = []
    if (!isServer && hostName !== undefined) extensions.push(serverName(hostName)())
    if (!isServer && advertiseAlpn.length > 0) extensions.push(new Alpn(advertiseAlpn, false))
    if (isServer && selectAlpn !== undefined) extensions.push(new Alpn([selectAlpn], false))
    return extensions
}
