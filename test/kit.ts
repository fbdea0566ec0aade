import { type KeyOperations } from "../src/dtls/crypto/keys.js"
import { type CryptoProvider } from "../src/dtls/crypto/provider.js"
import { type PrivateKey } from "../src/dtls/handshake/question.js"
import { type Signal } from "../src/platform/services.js"

/** Services for tests that run in both languages. */
export interface TestServices {
    newSignal(): Signal
    spawn(task: () => Promise<void>): void
    now(): number
}

/** The platform's keys, if it has any. */
export interface TestKeys {
    operations: KeyOperations
    /** @param der ECPrivateKey (RFC 5915) of P-256 */
    importPrivateKey(der: Buffer): PrivateKey | undefined
}

/** The environment of tests that run in both languages, supplied by each platform's entry file. */
export interface Kit {
    describe(name: string, body: () => void): void
    test(name: string, body: () => Promise<void>): void
    equal(actual: unknown, expected: unknown): void
    services: TestServices
    crypto: CryptoProvider
    /** undefined: the platform has none */
    keys: TestKeys | undefined
}
