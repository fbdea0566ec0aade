/** The natives of ../machine-side.ts. */
import "@devicescript/core"

declare module "@devicescript/core" {
    /** The configuration of the next connection of the test, JSON; undefined: there is no further one. */
    function _bogoConnection(): Buffer | undefined
    /** Connects with the runner. Suspends. */
    function _bogoOpen(): void
    /** What the runner says next, see `Link`: EventKind 1, time 8 (a double, little-endian), data. Suspends. */
    function _bogoNext(quietAfter: number): Buffer
    function _bogoSend(datagram: Buffer): void
    function _bogoAcknowledge(): void
    /** Suspends. */
    function _bogoClose(): void
    /** The test failed, or cannot be run here. @param isUnimplemented 0 or 1 */
    function _bogoFailed(isUnimplemented: number, why: string): void
    /** SignatureSchemes, 2 bytes each, that a key signs with (PrivateKeyInfo), or that can be verified: `key` is empty. */
    function _bogoSchemes(key: Buffer): Buffer
    /** Suspends. */
    function _bogoSign(key: Buffer, scheme: number, data: Buffer): Buffer
    /** Suspends. */
    function _bogoVerify(publicKey: Buffer, scheme: number, data: Buffer, signature: Buffer): boolean
}
