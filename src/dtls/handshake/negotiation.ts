import { type CipherSuite } from "./cipher-suite.js"
import { AlertDescription } from "../wire/code-points.js"
import { FailureReason } from "./failure.js"
import { type AssociationSettings } from "./settings.js"

/**
 * The suites of the settings that the platform's cryptography can do.
 * @param withKeyExchange those that name a key exchange, as in DTLS 1.2; else those that name none
 */
export function usableSuites(settings: AssociationSettings, withKeyExchange: boolean): CipherSuite[] {
    const { suites, crypto } = settings
    const usable: CipherSuite[] = []
    for (const suite of suites) {
        if ((suite.keyExchange !== undefined) !== withKeyExchange) continue
        if (crypto.hasAead(suite.aead.algorithm) && crypto.hasHash(suite.hash.algorithm)) usable.push(suite)
    }
    return usable
}

/** What ends with a reason and the alert for it. */
export interface Failing {
    fail(reason: FailureReason, alert: AlertDescription): void
}

/** Turns the alert of an extension into a failure. @returns true when there was none */
export function passes(h: Failing, alert: AlertDescription): boolean {
    if (alert === AlertDescription.none) return true
    const decode = alert === AlertDescription.decodeError
    h.fail(decode ? FailureReason.decodeError : FailureReason.illegalParameter, alert)
    return false
}
