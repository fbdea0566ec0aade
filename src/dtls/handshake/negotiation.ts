import { FailureReason } from "./failure.js"
import { EMPTY } from "../bytes/bytes.js"
import { type CryptoProvider } from "../crypto/provider.js"
import { type CipherSuite } from "../crypto/suites.js"
import { AlertDescription, ExtensionType } from "../wire/code-points.js"
import { type Extension } from "../wire/extensions.js"
import { type Handshake } from "./handshake.js"
import { type HelloExtension } from "./hello-extension.js"

/** The suites of the settings that the platform's cryptography can do. */
export function usableSuites(suites: CipherSuite[], crypto: CryptoProvider): CipherSuite[] {
    const usable: CipherSuite[] = []
    for (const suite of suites) {
        if (crypto.hasAead(suite.aead) && crypto.hasHash(suite.hash)) usable.push(suite)
    }
    return usable
}

/** renegotiated_connection of 0 bytes: the initial handshake (RFC 5746 §3.2). */
export function emptyRenegotiationInfo(): Extension {
    return { type: ExtensionType.renegotiationInfo, data: Buffer.from([0]) }
}

export function extendedMasterSecretExtension(): Extension {
    return { type: ExtensionType.extendedMasterSecret, data: EMPTY }
}

/** @returns false when the handshake has failed over it (RFC 5746 §3.4, §3.6) */
export function checkRenegotiationInfo(h: Handshake, data: Buffer): boolean {
    if (data.length === 1 && data[0] === 0) return true
    h.fail(FailureReason.badRenegotiation, AlertDescription.handshakeFailure)
    return false
}

/** @returns false when the handshake has failed over it (RFC 7627 §5.1: no data) */
export function checkExtendedMasterSecret(h: Handshake, data: Buffer): boolean {
    if (data.length === 0) return true
    h.fail(FailureReason.decodeError, AlertDescription.decodeError)
    return false
}

/** @returns false when the handshake has failed because the peer did not name the extension (RFC 7627 §5.2-3) */
export function requireExtendedMasterSecret(h: Handshake, named: boolean): boolean {
    if (named || !h.settings.requireExtendedMasterSecret) return true
    h.fail(FailureReason.extendedMasterSecretRequired, AlertDescription.handshakeFailure)
    return false
}

export function findHelloExtension(list: HelloExtension[], type: number): HelloExtension | undefined {
    for (const extension of list) {
        if (extension.type === type) return extension
    }
    return undefined
}

/** Turns the alert of an extension into a failure. @returns true when there was none */
export function passes(h: Handshake, alert: AlertDescription): boolean {
    if (alert === AlertDescription.none) return true
    const decode = alert === AlertDescription.decodeError
    h.fail(decode ? FailureReason.decodeError : FailureReason.illegalParameter, alert)
    return false
}
