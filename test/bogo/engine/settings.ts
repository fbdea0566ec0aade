import { type DriverRole } from "../../../src/dtls/association/handshake-driver.js"
import { clientRoleV12V13, clientRoleV13 } from "../../../src/dtls/association/v13/roles.js"
import { SHA_256, SHA_384 } from "../../../src/dtls/crypto/algorithms.js"
import { Alpn } from "../../../src/dtls/handshake/alpn.js"
import { type CipherSuite } from "../../../src/dtls/handshake/cipher-suite.js"
import { type HelloExtension } from "../../../src/dtls/handshake/hello-extension.js"
import { AuthenticationMode } from "../../../src/dtls/handshake/key-exchange.js"
import { gatewayLimits, type Limits } from "../../../src/dtls/handshake/limits.js"
import { serverName } from "../../../src/dtls/handshake/server-name.js"
import { type AssociationSettings } from "../../../src/dtls/handshake/settings.js"
import { clientRole } from "../../../src/dtls/association/v12/roles.js"
import { importedPsks, type ImportOptions } from "../../../src/dtls/handshake/v13/imported-psks.js"
import { allSuitesV13 } from "../../../src/dtls/handshake/v13/suites.js"
import {
    TLS_ECDHE_ECDSA_WITH_AES_128_CCM,
    TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8,
    TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
    TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
} from "../../../src/dtls/key-exchange/certificate-suites.js"
import { type CertificateOptions, SignatureKind } from "../../../src/dtls/key-exchange/certificate-types.js"
import { EcdheCertificateKeyExchange } from "../../../src/dtls/key-exchange/ecdhe-certificate.js"
import {
    TLS_ECDHE_PSK_WITH_AES_128_CCM_8_SHA256,
    TLS_ECDHE_PSK_WITH_AES_128_CCM_SHA256,
    TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256,
    TLS_ECDHE_PSK_WITH_AES_256_GCM_SHA384,
    TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256,
} from "../../../src/dtls/key-exchange/ecdhe-psk-suites.js"
import { EcdhePskKeyExchange } from "../../../src/dtls/key-exchange/ecdhe-psk.js"
import { allSuites } from "../../../src/dtls/key-exchange/suites.js"
import { certificates } from "../../../src/dtls/key-exchange/v13/certificates.js"
import { keyShares } from "../../../src/dtls/key-exchange/v13/key-shares.js"
import { CertificateType } from "../../../src/dtls/wire/code-points.js"
import { keyOperations } from "./answers.js"
import {
    certifiedBy,
    DTLS12,
    DTLS13,
    importedAs,
    type ImportedCredential,
    importedOf,
    type ShimConfiguration,
    Unimplemented,
} from "./configuration.js"
import { type Sessions } from "./sessions.js"
import { type Side } from "./side.js"

/** The path budget that BoringSSL assumes, bytes of UDP payload. */
const DEFAULT_BUDGET = 1472

/** The versions that a test asks for. */
interface Versions {
    v12: boolean
    v13: boolean
}

/**
 * Version numbers on the wire count down, and DTLS 1.0 is not supported. BoringSSL's flag for pre-shared keys means
 * DTLS 1.2's.
 */
export function versionsOf(of: ShimConfiguration): Versions {
    // Imported keys belong to DTLS 1.3.
    const older = isAmong(of, DTLS12) && hasCertificates(of)
    const versions = { v12: older, v13: isAmong(of, DTLS13) && of.psk === undefined }
    if (!versions.v12 && !versions.v13) throw new Unimplemented("a version other than DTLS 1.2 and 1.3")
    return versions
}

function isAmong(of: ShimConfiguration, version: number): boolean {
    const { minVersion, maxVersion, excluded } = of
    const min = minVersion ?? DTLS12
    const max = maxVersion ?? DTLS13
    return version <= min && version >= max && !excluded.includes(version)
}

/** A client's role. A server's depends on the hello it receives (opening.ts), unless it supports only DTLS 1.2. */
export function clientRoleOf(versions: Versions): DriverRole {
    const { v12, v13 } = versions
    if (!v13) return clientRole()
    return v12 ? clientRoleV12V13() : clientRoleV13()
}

export function settingsOf(of: ShimConfiguration, sessions: Sessions, side: Side): AssociationSettings {
    return {
        crypto: side.services.crypto,
        suites: suitesOf(of, side),
        extensions: [...extensionsOf(of, side), ...sessionsOf(of, sessions)],
        // BoringSSL's timers: no jitter, at most 60 s, and the 13th timeout gives up.
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
        // The runner expects the identity itself as the hint.
        pskIdentityHint: of.psk === undefined ? undefined : of.pskIdentity,
        authenticationMode: authenticationMode(of),
        alertOnKeyMismatch: true,
        keyLog: undefined,
    }
}

/** As large as possible: the runner also tests the largest messages. */
function limitsOf(of: ShimConfiguration): Limits {
    return { ...gatewayLimits(), handshakeMessageBytes: of.maxCertList ?? 57000, inboxBytes: 114000 }
}

function authenticationMode(of: ShimConfiguration): AuthenticationMode {
    const { requireClientCertificate, verifyPeer } = of
    if (requireClientCertificate) return AuthenticationMode.required
    return verifyPeer ? AuthenticationMode.requested : AuthenticationMode.none
}

/** CertificateTypes: this side's are those of its credentials; a client's are set by the test. */
function optionsOf(of: ShimConfiguration): CertificateOptions {
    const own: number[] = []
    for (const credential of certifiedBy(of)) {
        const type = credential.isRawKey ? CertificateType.rawPublicKey : CertificateType.x509
        if (!own.includes(type)) own.push(type)
    }
    return { peerTypes: [CertificateType.x509], ownTypes: of.ownTypes.length > 0 ? of.ownTypes : own, authorities: [] }
}

function suitesOf(of: ShimConfiguration, side: Side): CipherSuite[] {
    const { v12, v13 } = versionsOf(of)
    const newer = v13 ? allSuitesV13() : []
    const older = v12 ? olderSuites(of, side) : []
    const { suites } = of
    const named = suites === undefined ? older : older.filter((suite) => suites.includes(suite.name))
    return [...newer, ...named]
}

/** The strongest AEADs first. */
function olderSuites(of: ShimConfiguration, side: Side): CipherSuite[] {
    const keys = keyOperations(of, side, false)
    const options = optionsOf(of)
    const ecdsa = new EcdheCertificateKeyExchange(keys, SignatureKind.ecdsa, options)
    const rsa = new EcdheCertificateKeyExchange(keys, SignatureKind.rsa, options)
    const certified = [
        TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256(ecdsa),
        TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384(ecdsa),
        TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256(rsa),
        TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384(rsa),
        TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256(ecdsa),
        TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256(rsa),
        TLS_ECDHE_ECDSA_WITH_AES_128_CCM(ecdsa),
        TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8(ecdsa),
    ]
    return of.psk === undefined ? certified : [...pskSuites(new EcdhePskKeyExchange(keys)), ...certified]
}

function pskSuites(exchange: EcdhePskKeyExchange): CipherSuite[] {
    return [
        TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256(exchange),
        TLS_ECDHE_PSK_WITH_AES_256_GCM_SHA384(exchange),
        TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256(exchange),
        TLS_ECDHE_PSK_WITH_AES_128_CCM_SHA256(exchange),
        TLS_ECDHE_PSK_WITH_AES_128_CCM_8_SHA256(exchange),
        ...allSuites(),
    ]
}

function sessionsOf(of: ShimConfiguration, sessions: Sessions): HelloExtension[] {
    const newer = versionsOf(of).v13 ? sessions.extensionsV13(of) : []
    return [...newer, sessions.extension(of)]
}

function extensionsOf(of: ShimConfiguration, side: Side): HelloExtension[] {
    const { isServer, hostName, advertiseAlpn, selectAlpn } = of
    const { crypto } = side.services
    const extensions: HelloExtension[] = []
    if (!isServer && hostName !== undefined) extensions.push(serverName(hostName)())
    if (!isServer && advertiseAlpn.length > 0) extensions.push(new Alpn(advertiseAlpn, false))
    if (isServer && selectAlpn !== undefined) extensions.push(new Alpn([selectAlpn], false))
    if (!versionsOf(of).v13) return extensions
    const keys = keyOperations(of, side, true)
    const agreed = [...extensions, keyShares(keys, true)(crypto), ...importsOf(of, side)]
    return hasCertificates(of) ? [...agreed, certificates(keys, optionsOf(of))(crypto)] : agreed
}

function importsOf(of: ShimConfiguration, side: Side): HelloExtension[] {
    if (importedOf(of).length === 0) return []
    return [importedPsks({ of: (identity) => importOptionsOf(importedAs(of, identity)) })(side.services.crypto)]
}

/** Each key has its own options. */
function importOptionsOf(imported: ImportedCredential | undefined): ImportOptions | undefined {
    if (imported === undefined) return undefined
    const { context, isSha384 } = imported
    return { context, hash: isSha384 ? SHA_384() : SHA_256() }
}

/**
 * A side with only a pre-shared key authenticates the peer by it, except a client that is told to verify the server.
 */
function hasCertificates(of: ShimConfiguration): boolean {
    if (importedOf(of).length === 0) return true
    return of.isServer ? certifiedBy(of).length > 0 : of.verifyPeer
}
