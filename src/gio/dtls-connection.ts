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

/** GAsyncReadyCallback: told when an operation is done. @param result for the operation's `...Finish` */
export type AsyncReadyCallback = (source: DtlsConnection, result: AsyncResult) => void

/**
 * Gio.DtlsConnection: DTLS over a DatagramBased, itself a DatagramBased. Messages and the handshake are inherited; here
 * are shutdown, the asynchronous calls, and GIO's properties.
 * @devsWhenUsed
 */
export abstract class DtlsConnection extends CertificateCalls {
    /** one set per association; a program that never advertises protocols does not carry ALPN */
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

    /** The callback comes in a later turn, never before the call that started it returns. */
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
     * Stops reception, sending or both; never waits for others, who get CLOSED. The base socket stays open.
     * @returns true; throws CANCELLED, and then nothing was shut down
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

    /** `shutdown(true, true)`. */
    async close(cancellable?: Cancellable): Promise<boolean> {
        return await this.shutdown(true, true, cancellable)
    }

    closeAsync(ioPriority: number, cancellable: Cancellable | undefined, callback: AsyncReadyCallback): void {
        this.shutdownAsync(true, true, ioPriority, cancellable, callback)
    }

    closeFinish(result: AsyncResult): boolean {
        return this.shutdownFinish(result)
    }

    // Going on elsewhere

    /**
     * The association's state, sealed, for `importAssociation` after a restart or a sleep (docs/sleeping-sensors.md).
     * From then on this connection uses the sequence numbers of `reserve` and no others: a send beyond them throws NO_SPACE
     * until it is exported again, records beyond them wait.
     * @param wrapper an AEAD with a tag of 16 bytes, whose key is kept with as much care as the pre-shared key
     * Throws GError: PENDING before the handshake is done (see `exportable`), CLOSED after one side has closed, NOT_SUPPORTED.
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
     * Waits until `exportAssociation` may be called, once the handshake is done: in DTLS 1.3 a client's server has to
     * acknowledge that first.
     * @returns false when the connection is over; throws CANCELLED
     */
    async exportable(_cancellable?: Cancellable): Promise<boolean> {
        return true
    }

    /**
     * Waits until messages have come that are beyond the numbers reserved, or until in DTLS 1.3 a message of the protocol itself
     * has to be saved before it counts: export, save, then call `takeHeld`.
     * @returns false when the connection is over
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

    /** Takes the messages that were held: what was exported for them is safe against a loss of power now. */
    async takeHeld(): Promise<void> {
        const peer = this.peer
        if (peer === undefined) return
        peer.association.takeHeld(this.services.now())
        await this.touch(peer)
    }

    /** The versions in which this connection may go on elsewhere. */
    abstract savedVersions(): SavedVersion[]

    /** Where the peer is, for whoever goes on with it; empty: the base socket knows. */
    protected savedAddress(): Buffer {
        return EMPTY
    }

    // Properties

    /** The engine's side of this connection, for counters and snapshots; undefined before there is one. */
    getAssociation(): Association | undefined {
        return this.association()
    }

    /** Its place in the endpoint; undefined before there is one. */
    getPeer(): Peer | undefined {
        return this.peer
    }

    /**
     * Where the peer is now, as the base socket gave it (Gio.SocketConnection has this call): with connection ids it may
     * change. undefined before there is a peer, and when the base socket is connected to it.
     */
    getRemoteAddress(): SocketAddress | undefined {
        return this.peer === undefined ? undefined : (this.peer.address as SocketAddress | undefined)
    }

    /**
     * Names to offer (client) or to accept (server), preferred first; undefined disables ALPN. 1 to 255 bytes each.
     * No effect on a handshake that has begun.
     */
    setAdvertisedProtocols(protocols: string[] | undefined): void {
        const names = protocols === undefined || protocols === null ? [] : checkProtocols(protocols)
        this.newExtensions = () => (names.length === 0 ? [] : [new Alpn(names, false)])
    }

    /** undefined before the handshake and without a common protocol. */
    getNegotiatedProtocol(): string | undefined {
        const association = this.association()
        if (association === undefined) return undefined
        const type = ExtensionType.applicationLayerProtocolNegotiation
        const alpn = findHelloExtension(association.settings.extensions, type)
        return alpn === undefined ? undefined : (alpn as Alpn).selected
    }

    /** Throws TlsChannelBindingError: INVALID_STATE before the handshake, NOT_AVAILABLE, NOT_IMPLEMENTED. */
    getBindingData(type: TlsChannelBindingType): Buffer {
        return channelBinding(this.association(), type, this.serverCertificate())
    }

    /** GIO's public name of `getBindingData`. */
    getChannelBindingData(type: TlsChannelBindingType): Buffer {
        return this.getBindingData(type)
    }

    /**
     * Keying material (RFC 5705 §4), equal on both sides.
     * @param label other than the five that TLS uses itself
     * @param context 0 to 32768 bytes, which Buffers of every platform have room for; absent and empty differ
     * @param length 1 to 8160 bytes
     * Throws IOErrorEnum.INVALID_ARGUMENT, or NOT_SUPPORTED before the handshake is done and after the connection has ended.
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

    /** UNKNOWN until the handshake is done; stays after the end. A version that GIO does not name yet has the next number. */
    getProtocolVersion(): TlsProtocolVersion {
        const association = this.association()
        if (association === undefined || !association.parameters.complete) return TlsProtocolVersion.UNKNOWN
        // GIO counts versions up, the protocol counts them down.
        return TlsProtocolVersion.DTLS_1_2 + DTLS_1_2 - association.parameters.version
    }

    /** IANA name; undefined until the handshake is done. */
    getCiphersuiteName(): string | undefined {
        const association = this.association()
        if (association === undefined || !association.parameters.complete) return undefined
        const suite = association.parameters.suite
        return suite === undefined ? undefined : suite.name
    }

    /**
     * Server: the client's psk_identity (RFC 4279 §2), once the handshake has proved that it has the key; it stays after
     * the end. Client: undefined, for a server with a pre-shared key has no identity of its own; its hint is none.
     */
    getPeerIdentity(): Buffer | undefined {
        return undefined
    }

    getRequireCloseNotify(): boolean {
        return this.requireCloseNotify
    }

    /** Makes no difference over datagrams, as with GIO. */
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
