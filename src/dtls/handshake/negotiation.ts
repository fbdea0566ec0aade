import { type CipherSuite } from "./cipher-suite.js"
import { AlertDescription } from "../wire/code-points.js"
import { FailureReason } from "./failure.js"
import { type AssociationSettings } from "./settings.js"

/**
 * The configured suites that the platform's cryptography supports.
 * @param withKeyExchange those with a key exchange, as in DTLS 1.2; otherwise those without
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

/** An object that can fail with a reason and an alert. */
export interface Failing {
    fail(reason: FailureReason, alert: AlertDescription): void
}

/** Fails with the alert of an extension, unless it is `none`. @returns whether it was `none` */
export function passes(h: Failing, alert: AlertDescription): boolean {
    if (alert === AlertDescription.none) return true
    const decode = alert === AlertDescription.decodeError
    h.fail(decode ? FailureReason.decodeError : FailureReason.illegalParameter, alert)
    return false
}
