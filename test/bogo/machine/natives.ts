/** The natives of ../machine-side.ts. */
import "@devicescript/core"

declare module "@devicescript/core" {
    /** The configuration of the test's next connection, as JSON; undefined: there are no more. */
    function _bogoConnection(): Buffer | undefined
    /** Connects to the runner. Suspends. */
    function _bogoOpen(): void
    /** The runner's next event, see `Link`: EventKind 1, time 8 (a double, little-endian), data. Suspends. */
    function _bogoNext(quietAfter: number): Buffer
    function _bogoSend(datagram: Buffer): void
    function _bogoAcknowledge(): void
    /** Suspends. */
    function _bogoClose(): void
    /** Reports that the test failed or is not supported. @param isUnimplemented 0 or 1 */
    function _bogoFailed(isUnimplemented: number, why: string): void
    /**
     * SignatureSchemes, 2 bytes each, that a key (PrivateKeyInfo) supports; or, if `key` is empty, those that can be
     * verified.
     */
    function _bogoSchemes(key: Buffer): Buffer
    /** Suspends. */
    function _bogoSign(key: Buffer, scheme: number, data: Buffer): Buffer
    /** Suspends. */
    function _bogoVerify(publicKey: Buffer, scheme: number, data: Buffer, signature: Buffer): boolean
}
