import { type Output, OutputKind } from "../dtls/association/output.js"
import { loadAssociation, type LoadedAssociation } from "../dtls/association/saved-association.js"
import { type Aead } from "../dtls/crypto/provider.js"
import { LinkedList } from "../dtls/endpoint/linked-list.js"
import { type Peer } from "../dtls/endpoint/peer.js"
import { type NewHelloExchange } from "../dtls/endpoint/hello-exchange.js"
import { ServerEndpoint } from "../dtls/endpoint/server-endpoint.js"
import { Alpn } from "../dtls/handshake/alpn.js"
import { type Failure, FailureReason } from "../dtls/handshake/failure.js"
import { type HelloExtension } from "../dtls/handshake/hello-extension.js"
import { type AssociationSettings } from "../dtls/handshake/settings.js"
import { type Services, type Signal } from "../platform/services.js"
import { type Cancellable } from "./cancellable.js"
import { checkSettings } from "./check-settings.js"
import { type DatagramBased } from "./datagram-based.js"
import { EndpointPump, type PumpOwner } from "./endpoint-pump.js"
import { checkProtocols } from "./check-arguments.js"
import { guarded, guardedLater } from "./guarded.js"
import { TlsCertificateFlags } from "./enums.js"
import { type GError, invalidArgument, ioError, IOErrorEnum } from "./errors.js"
import { asGError } from "./saved-errors.js"
import { associationSettings, type DtlsSettings } from "./settings.js"
import { type Acceptor, type ServerConnection } from "./server-connection.js"
import { addressOfKey } from "./socket-address.js"
import { type TlsCertificate } from "./tls-certificate.js"
import { checkTimeout, givenCancellable } from "./vectors.js"
import { deadlineAfter, Waited, waitUntil } from "./waiting.js"

/**
 * What listeners of every version have.
 * @devsWhenUsed
 */
export abstract class Listener implements PumpOwner, Acceptor {
    private endpoint: ServerEndpoint
    private pump: EndpointPump
    private changed: Signal
    /** connections that wait for an `accept` */
    private backlog = new LinkedList<ServerConnection>()
    /** every connection that has not ended */
    private connections = new LinkedList<ServerConnection>()
    private newExtensions: () => HelloExtension[] = () => []
    /** called for each client whose handshake fails: no `accept` ever gives that one */
    onHandshakeFailed: ((connection: ServerConnection, failure: Failure) => void) | undefined
    /**
     * accept-certificate for all clients: @returns true to accept in spite of `errors`, at once or later. Without it clients whose
     * certificate has no errors are accepted.
     */
    onAcceptCertificate:
        | ((
              connection: ServerConnection,
              peerCert: TlsCertificate,
              errors: TlsCertificateFlags,
          ) => boolean | Promise<boolean>)
        | undefined
    private newSettings: () => AssociationSettings
    private closed = false
    private error: GError | undefined

    /** Serves from now on, whether or not anybody is in `accept`. */
    constructor(
        private services: Services,
        private base: DatagramBased,
        private settings: DtlsSettings,
    ) {
        checkSettings(settings)
        this.changed = services.newSignal()
        const self = this
        const common = associationSettings(services, settings, [])
        // What associations have in common is there once.
        this.newSettings = () => {
            const extensions = self.newExtensions()
            return extensions.length + settings.extensions.length === 0
                ? common
                : associationSettings(services, settings, extensions)
        }
        this.endpoint = new ServerEndpoint(
            this.newSettings,
            common,
            services,
            services.now(),
            settings.newExchange ?? this.newExchange(),
        )
        this.pump = new EndpointPump(services, base, settings, this.endpoint, this)
        this.pump.start()
    }

    /** How hellos are taken in the version that the class speaks. */
    abstract newExchange(): NewHelloExchange

    /** A connection of that version. */
    abstract newConnection(services: Services, base: DatagramBased, settings: DtlsSettings): ServerConnection

    /**
     * The next client whose handshake is done.
     * @param timeout µs, negative waits, 0 never blocks
     * Throws WOULD_BLOCK, TIMED_OUT, CANCELLED, CLOSED.
     */
    async accept(timeout: number, cancellable?: Cancellable): Promise<ServerConnection> {
        checkTimeout(timeout)
        const self = this
        let connection: ServerConnection | undefined = undefined
        const waited = await waitUntil(
            this.services,
            this.changed,
            () => {
                if (!self.closed) connection = self.takeAccepted()
                return connection !== undefined || self.closed || self.error !== undefined
            },
            deadlineAfter(this.services, timeout),
            givenCancellable(cancellable),
        )
        if (connection !== undefined) return connection
        if (waited === Waited.cancelled) throw ioError(IOErrorEnum.CANCELLED, "Operation was cancelled")
        if (this.closed) throw ioError(IOErrorEnum.CLOSED, "Listener is already closed")
        if (this.error !== undefined) throw this.error
        if (timeout === 0) throw ioError(IOErrorEnum.WOULD_BLOCK, "Operation would block")
        throw ioError(IOErrorEnum.TIMED_OUT, "No client has come")
    }

    /**
     * Goes on with a client of an earlier run, from what its connection's `exportAssociation` gave. Export it anew, and save
     * that, before anything is sent: until then a send throws NO_SPACE, and what arrives waits (`takeHeld`).
     * @param minimumGeneration of the newest copy that is known to exist; an older one is refused
     * @returns the connection, which no `accept` gives
     * Throws GError: INVALID_ARGUMENT (`saved`), also when that client is here already; NOT_SUPPORTED, CLOSED.
     */
    async importAssociation(saved: Buffer, wrapper: Aead, minimumGeneration: number): Promise<ServerConnection> {
        if (this.closed) throw ioError(IOErrorEnum.CLOSED, "Listener is already closed")
        const { association, note } = this.load(saved, wrapper, minimumGeneration)
        const key = note.text.toString()
        const peer = this.endpoint.adopt(association, { key, address: addressOfKey(key) })
        if (peer === undefined) {
            association.drop(FailureReason.replaced)
            throw invalidArgument("saved", "a client that is not here already")
        }
        const connection = this.connectionOf(peer)
        connection.goOn(note.generation)
        await this.pump.drain()
        return connection
    }

    private load(saved: Buffer, wrapper: Aead, minimumGeneration: number): LoadedAssociation {
        const now = this.services.now()
        try {
            const versions = this.endpoint.savedVersions()
            return loadAssociation(this.newSettings(), versions, wrapper, saved, minimumGeneration, now)
        } catch (error) {
            throw asGError(error)
        }
    }

    private takeAccepted(): ServerConnection | undefined {
        const connection = this.backlog.oldest()
        if (connection !== undefined) connection.backlogNode.remove()
        return connection
    }

    /** As DtlsConnection.setAdvertisedProtocols, for clients that come from now on. */
    setAdvertisedProtocols(protocols: string[] | undefined): void {
        const names = protocols === undefined || protocols === null ? [] : checkProtocols(protocols)
        this.newExtensions = () => (names.length === 0 ? [] : [new Alpn(names, false)])
    }

    /** Closes every connection of this listener, with close_notify, and stops serving. The base socket stays open. */
    async close(): Promise<void> {
        if (this.closed) return
        this.closed = true
        let connection = this.connections.oldest()
        while (connection !== undefined) {
            connection.listNode.remove()
            await connection.close()
            connection = this.connections.oldest()
        }
        this.pump.stop()
        this.endpoint.close()
        this.changed.notify()
    }

    /** Drop counters and peer counts. */
    getEndpoint(): ServerEndpoint {
        return this.endpoint
    }

    onOutput(peer: Peer, output: Output): void {
        const connection = this.connectionOf(peer)
        if (output.kind === OutputKind.failed) this.released(connection)
        connection.onOutput(peer, output)
        if (output.kind === OutputKind.failed) this.tellFailure(connection, peer, output.failure as Failure)
        // An imported connection was connected before, and its caller has it.
        if (output.kind !== OutputKind.connected || connection.isImported) return
        this.backlog.append(connection.backlogNode)
        this.changed.notify()
    }

    private tellFailure(connection: ServerConnection, peer: Peer, failure: Failure): void {
        const tell = this.onHandshakeFailed
        if (tell === undefined || peer.association.parameters.complete) return
        guarded(this.services, "The handler of failed handshakes", () => tell(connection, failure), undefined)
    }

    connectionOf(peer: Peer): ServerConnection {
        if (peer.owner !== undefined) return peer.owner as ServerConnection
        const connection = this.newConnection(this.services, this.base, this.settings)
        connection.adopt(peer, this.pump, this)
        peer.owner = connection
        this.connections.append(connection.listNode)
        return connection
    }

    async acceptsPeer(
        connection: ServerConnection,
        peer: TlsCertificate,
        errors: TlsCertificateFlags,
    ): Promise<boolean> {
        const accept = this.onAcceptCertificate
        if (accept === undefined) return errors === TlsCertificateFlags.NO_FLAGS
        const ask = async () => (await accept(connection, peer, errors)) === true
        return await guardedLater(this.services, "The handler of clients' certificates", ask, false)
    }

    released(connection: ServerConnection): void {
        connection.listNode.remove()
        connection.backlogNode.remove()
    }

    onBaseError(error: GError, fatal: boolean): void {
        // One socket, many peers: an ICMP message of one of them says nothing about the others.
        if (!fatal) return
        this.error = error
        let connection = this.connections.oldest()
        while (connection !== undefined) {
            connection.listNode.remove()
            connection.onBaseError(error, true)
            connection = this.connections.oldest()
        }
        this.changed.notify()
    }
}
