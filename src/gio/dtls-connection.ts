import { DTLS_1_2 } from "../dtls/wire/code-points.js"
import { type Association } from "../dtls/association/association.js"
import { type Reserve, saveAssociation, type SavedVersion } from "../dtls/association/saved-association.js"
import { EMPTY } from "../dtls/bytes/bytes.js"
import { type Aead } from "../dtls/crypto/provider.js"
import { type Peer } from "../dtls/endpoint/peer.js"
import { Alpn } from "../dtls/handshake/alpn.js"
import { NEVER } from "../dtls/flight/retransmission.js"
import { findHelloExtension, type HelloExtension } from "../dtls/handshake/hello-extension.js"
import { ExtensionType } from "../dtls/wire/code-points.js"
import { AsyncResult, checkResult } from "./async-result.js"
import { type Cancellable } from "./cancellable.js"
import { CertificateCalls } from "./certificate-calls.js"
import { channelBinding } from "./channel-binding.js"
import { checkExport, checkProtocols } from "./check-arguments.js"
import { type DatagramBased } from "./datagram-based.js"
import { type TlsChannelBindingType, TlsProtocolVersion, TlsRehandshakeMode } from "./enums.js"
import { type GError, invalidArgument, ioError, IOErrorEnum } from "./errors.js"
import { guarded } from "./guarded.js"
import { type SocketAddress } from "./socket-address.js"
import { asGError, checkReserve, notExportable, outOfNumbers } from "./saved-errors.js"
import { checkBoolean, givenCancellable } from "./vectors.js"
import { waitUntil } from "./waiting.js"

/** GAsyncReadyCallback: called when an operation is complete. @param result argument for the operation's `...Finish` method */
export type AsyncReadyCallback = (source: DtlsConnection, result: AsyncResult) => void

/**
 * Gio.DtlsConnection: DTLS over a DatagramBased, and itself a DatagramBased. Base classes implement messages and the handshake; this class
 * adds shutdown, the asynchronous calls, and GIO's properties.
 * @devsWhenUsed
 */
export abstract class DtlsConnection extends CertificateCalls {
    /** makes the extensions of one association; without a call of `setAdvertisedProtocols` the program contains no ALPN code */
    protected newExtensions: () => HelloExtension[] = noExtensions
    private requireCloseNotify = true

    // Handshake and shutdown

    /** @param ioPriority accepted and not used */
    handshakeAsync(ioPriority: number, cancellable: Cancellable | undefined, callback: AsyncReadyCallback): void {
        checkCallback(ioPriority, callback)
        const stop = givenCancellable(cancellable)
        const self = this
        if (this.handshakeRunning) {
            const refuse = async () => await self.handshake(stop)
            return this.finishLater("handshakeAsync", refuse, callback)
        }
        this.handshakeRunning = true
        const run = async () => {
            self.handshakeRunning = false
            return await self.handshake(stop)
        }
        this.finishLater("handshakeAsync", run, callback)
    }

    handshakeFinish(result: AsyncResult): boolean {
        checkResult(result)
        return result.take("handshakeAsync")
    }

    /** Runs an asynchronous operation. Its callback is invoked in a later turn, never before the call that started it has returned. */
    private finishLater(operation: string, run: () => Promise<boolean>, callback: AsyncReadyCallback): void {
        const self = this
        this.services.spawn(async () => {
            let result = new AsyncResult(operation, true, undefined)
            try {
                await run()
            } catch (error) {
                result = new AsyncResult(operation, false, error as GError)
            }
            guarded(self.services, "The callback of " + operation, () => callback(self, result), undefined)
        })
    }

    /**
     * Shuts down receiving, sending or both. Does not wait for other pending calls; they throw CLOSED. The base socket stays open.
     * @returns true. Throws CANCELLED, and then nothing has been shut down.
     */
    async shutdown(shutdownRead: boolean, shutdownWrite: boolean, cancellable?: Cancellable): Promise<boolean> {
        checkBoolean(shutdownRead, "shutdown_read")
        checkBoolean(shutdownWrite, "shutdown_write")
        const stop = givenCancellable(cancellable)
        if (stop !== undefined) stop.setErrorIfCancelled()
        if (shutdownRead) this.readClosed = true
        if (shutdownWrite) this.writeClosed = true
        this.changed.notify()
        const peer = this.peer
        if (peer !== undefined) {
            peer.association.shutdown(shutdownRead, shutdownWrite)
            await this.touch(peer)
        }
        if (this.readClosed) this.queue.clear()
        if (this.readClosed && this.writeClosed) this.release()
        return true
    }

    /** @param ioPriority accepted and not used */
    shutdownAsync(
        shutdownRead: boolean,
        shutdownWrite: boolean,
        ioPriority: number,
        cancellable: Cancellable | undefined,
        callback: AsyncReadyCallback,
    ): void {
        checkBoolean(shutdownRead, "shutdown_read")
        checkBoolean(shutdownWrite, "shutdown_write")
        checkCallback(ioPriority, callback)
        const self = this
        const run = async () => await self.shutdown(shutdownRead, shutdownWrite, cancellable)
        this.finishLater("shutdownAsync", run, callback)
    }

    shutdownFinish(result: AsyncResult): boolean {
        checkResult(result)
        return result.take("shutdownAsync")
    }

    /** Same as `shutdown(true, true)`. */
    async close(cancellable?: Cancellable): Promise<boolean> {
        return await this.shutdown(true, true, cancellable)
    }

    closeAsync(ioPriority: number, cancellable: Cancellable | undefined, callback: AsyncReadyCallback): void {
        this.shutdownAsync(true, true, ioPriority, cancellable, callback)
    }

    closeFinish(result: AsyncResult): boolean {
        return this.shutdownFinish(result)
    }

    // Export and import

    /**
     * Exports the association's encrypted state, which `importAssociation` resumes after a restart or a sleep (docs/sleeping-sensors.md).
     * From then on this connection uses only the sequence numbers of `reserve`. A send beyond them throws NO_SPACE until the next export;
     * received records beyond them are held back.
     * @param wrapper an AEAD with a tag of 16 bytes; protect its key like the pre-shared key
     * Throws GError: PENDING before the handshake is complete (see `exportable`), CLOSED after one side has closed, NOT_SUPPORTED.
     */
    exportAssociation(wrapper: Aead, reserve: Reserve): Buffer {
        const association = this.association()
        if (this.error !== undefined) throw this.error
        if (association === undefined) throw notExportable()
        checkReserve(reserve)
        const note = { generation: this.generation + 1, text: this.savedAddress() }
        try {
            const saved = saveAssociation(association, this.savedVersions(), wrapper, reserve, note)
            this.generation++
            this.outOfNumbers = outOfNumbers()
            return saved
        } catch (error) {
            throw asGError(error)
        }
    }

    /**
     * Waits until `exportAssociation` may be called after a handshake: a DTLS 1.3 client needs the server's acknowledgement of the
     * handshake first.
     * @returns false if the connection has ended. Throws CANCELLED.
     */
    async exportable(_cancellable?: Cancellable): Promise<boolean> {
        return true
    }

    /**
     * Waits until the state has to be saved again: because of messages with sequence numbers beyond the reserved ones, or in DTLS 1.3
     * because of a post-handshake message that only takes effect once it is saved. Then export, save, and call `takeHeld`.
     * @returns false if the connection has ended
     */
    async saveWanted(): Promise<boolean> {
        const self = this
        await waitUntil(this.services, this.changed, () => self.isOver() || self.holds(), NEVER, undefined)
        return !this.isOver()
    }

    private holds(): boolean {
        const association = this.association()
        return association !== undefined && association.savingWanted()
    }

    private isOver(): boolean {
        return this.error !== undefined || (this.readClosed && this.writeClosed)
    }

    /** Delivers the messages that were held back. Call it once the exported state is stored safely, so that it survives a power failure. */
    async takeHeld(): Promise<void> {
        const peer = this.peer
        if (peer === undefined) return
        peer.association.takeHeld(this.services.now())
        await this.touch(peer)
    }

    /** The versions of which this connection can export and import associations. */
    abstract savedVersions(): SavedVersion[]

    /** The peer's address, which is saved with the association; empty if the base socket knows the address. */
    protected savedAddress(): Buffer {
        return EMPTY
    }

    // Properties

    /** The engine's association of this connection, for counters and snapshots; undefined before it exists. */
    getAssociation(): Association | undefined {
        return this.association()
    }

    /** The connection's peer in the endpoint; undefined before it exists. */
    getPeer(): Peer | undefined {
        return this.peer
    }

    /**
     * The current address of the peer, as the base socket reported it (named after the call of Gio.SocketConnection). With connection ids
     * it may change. undefined before there is a peer, and if the base socket is connected to the peer.
     */
    getRemoteAddress(): SocketAddress | undefined {
        return this.peer === undefined ? undefined : (this.peer.address as SocketAddress | undefined)
    }

    /**
     * Sets the ALPN names that a client offers or a server accepts, preferred first, 1 to 255 bytes each. undefined disables ALPN. No
     * effect on a handshake that has begun.
     */
    setAdvertisedProtocols(protocols: string[] | undefined): void {
        const names = protocols === undefined || protocols === null ? [] : checkProtocols(protocols)
        this.newExtensions = () => (names.length === 0 ? [] : [new Alpn(names, false)])
    }

    /** The ALPN name agreed on; undefined before the handshake and if there is no common protocol. */
    getNegotiatedProtocol(): string | undefined {
        const association = this.association()
        if (association === undefined) return undefined
        const type = ExtensionType.applicationLayerProtocolNegotiation
        const alpn = findHelloExtension(association.settings.extensions, type)
        return alpn === undefined ? undefined : (alpn as Alpn).selected
    }

    /**
     * Returns the data of a channel binding. Throws TlsChannelBindingError: INVALID_STATE before the handshake, NOT_AVAILABLE,
     * NOT_IMPLEMENTED.
     */
    getBindingData(type: TlsChannelBindingType): Buffer {
        return channelBinding(this.association(), type, this.serverCertificate())
    }

    /** Same as `getBindingData`, under its public name in GIO. */
    getChannelBindingData(type: TlsChannelBindingType): Buffer {
        return this.getBindingData(type)
    }

    /**
     * Exports keying material (RFC 5705 §4), which is equal on both sides.
     * @param label any label except the five that TLS uses itself
     * @param context 0 to 32768 bytes, which fits into a Buffer on every platform; undefined and empty are different contexts
     * @param length 1 to 8160 bytes
     * Throws IOErrorEnum.INVALID_ARGUMENT, or NOT_SUPPORTED before the handshake is complete and after the connection has ended.
     */
    exportKeyingMaterial(label: string, context: Buffer | undefined, length: number): Buffer {
        const given = context === null ? undefined : context
        checkExport(label, given, length)
        const association = this.association()
        const material = association === undefined ? undefined : association.exportKeyingMaterial(label, given, length)
        if (material === undefined) throw ioError(IOErrorEnum.NOT_SUPPORTED, "No keying material: no open connection")
        return material
    }

    getBaseSocket(): DatagramBased {
        return this.base
    }

    /**
     * The protocol version. UNKNOWN until the handshake is complete; remains available after the end. A version that GIO does not define
     * yet has the next number.
     */
    getProtocolVersion(): TlsProtocolVersion {
        const association = this.association()
        if (association === undefined || !association.parameters.complete) return TlsProtocolVersion.UNKNOWN
        // GIO's numbers increase with newer versions, those of the protocol decrease.
        return TlsProtocolVersion.DTLS_1_2 + DTLS_1_2 - association.parameters.version
    }

    /** IANA name of the cipher suite; undefined until the handshake is complete. */
    getCiphersuiteName(): string | undefined {
        const association = this.association()
        if (association === undefined || !association.parameters.complete) return undefined
        const suite = association.parameters.suite
        return suite === undefined ? undefined : suite.name
    }

    /**
     * On a server: the client's psk_identity (RFC 4279 §2), once the handshake has proved that the client has the key; remains available
     * after the end. On a client: undefined, because a server with a pre-shared key has no identity of its own, and its hint is not an
     * identity.
     */
    getPeerIdentity(): Buffer | undefined {
        return undefined
    }

    getRequireCloseNotify(): boolean {
        return this.requireCloseNotify
    }

    /** No effect over datagrams, as in GIO. */
    setRequireCloseNotify(requireCloseNotify: boolean): void {
        checkBoolean(requireCloseNotify, "require_close_notify")
        this.requireCloseNotify = requireCloseNotify
    }

    getRehandshakeMode(): TlsRehandshakeMode {
        return TlsRehandshakeMode.NEVER
    }
}

function noExtensions(): HelloExtension[] {
    return []
}

function checkCallback(ioPriority: number, callback: AsyncReadyCallback): void {
    if (typeof ioPriority !== "number") throw invalidArgument("io_priority", "a number is needed")
    if (typeof callback !== "function") throw invalidArgument("callback", "a function is needed")
}
