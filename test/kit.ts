import { type KeyOperations } from "../src/dtls/crypto/keys.js"
import { type CryptoProvider } from "../src/dtls/crypto/provider.js"
import { type PrivateKey } from "../src/dtls/handshake/question.js"
import { type Signal } from "../src/platform/services.js"

/** The services that tests in both languages may use. */
export interface TestServices {
    newSignal(): Signal
    spawn(task: () => Promise<void>): void
    now(): number
}

/** Keys of the place for which a test runs. */
export interface TestKeys {
    operations: KeyOperations
    /** @param der ECPrivateKey (RFC 5915) of P-256 */
    importPrivateKey(der: Buffer): PrivateKey | undefined
}

/** What a test that runs in both languages may use; the entry file of each place supplies it. */
export interface Kit {
    describe(name: string, body: () => void): void
    test(name: string, body: () => Promise<void>): void
    equal(actual: unknown, expected: unknown): void
    services: TestServices
    crypto: CryptoProvider
    /** undefined: the place has none */
    keys: TestKeys | undefined
}
