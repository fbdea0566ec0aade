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
import { type Acceptor, ServerConnection } from "./server-connection.js"
import { addressOfKey } from "./socket-address.js"
import { type TlsCertificate } from "./tls-certificate.js"
import { checkTimeout, givenCancellable } from "./vectors.js"
import { deadlineAfter, Waited, waitUntil } from "./waiting.js"

/**
 * The common part of listeners of all versions.
 * @devsWhenUsed
 */
export abstract class Listener implements PumpOwner, Acceptor {
    private endpoint: ServerEndpoint
    private pump: EndpointPump
    private changed: Signal
    /** connections that wait for a call of `accept` */
    private backlog = new LinkedList<ServerConnection>()
    /** all connections that have not ended */
    private connections = new LinkedList<ServerConnection>()
    private newExtensions: () => HelloExtension[] = () => []
    /** called for each client whose handshake fails; `accept` never returns such a client */
    onHandshakeFailed: ((connection: ServerConnection, failure: Failure) => void) | undefined
    /**
     * Handler of accept-certificate for all clients. @returns true, or a promise of true, to accept a client in spite of `errors`. Without
     * a handler, clients whose certificate has no errors are accepted.
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

    /** Starts serving clients at once, whether or not `accept` is called. */
    constructor(
        private services: Services,
        private base: DatagramBased,
        private settings: DtlsSettings,
    ) {
        checkSettings(settings)
        this.changed = services.newSignal()
        const self = this
        const common = associationSettings(services, settings, [])
        // Settings that all associations have in common exist only once.
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

    /** How the version of the class handles ClientHellos. */
    abstract newExchange(): NewHelloExchange

    /** Creates a connection of the version of the class. */
    abstract newConnection(services: Services, base: DatagramBased, settings: DtlsSettings): ServerConnection

    /**
     * Waits for the next client whose handshake is complete.
     * @param timeout µs; negative: no limit; 0: never blocks
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
     * Resumes a client's association that `exportAssociation` of its connection saved in an earlier run. Before you send anything, export
     * the association again and save the result: until then a send throws NO_SPACE, and received messages are held back (`takeHeld`).
     * @param minimumGeneration generation of the newest copy that is known to exist; an older copy is refused
     * @returns the connection; `accept` does not return it
     * Throws GError: INVALID_ARGUMENT (for `saved`), also if this client is already connected; NOT_SUPPORTED, CLOSED.
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

    /** Like DtlsConnection.setAdvertisedProtocols, for clients that connect from now on. */
    setAdvertisedProtocols(protocols: string[] | undefined): void {
        const names = protocols === undefined || protocols === null ? [] : checkProtocols(protocols)
        this.newExtensions = () => (names.length === 0 ? [] : [new Alpn(names, false)])
    }

    /** Closes all connections of this listener, with close_notify, and stops serving. The base socket stays open. */
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

    /** The endpoint, which has the counters of dropped datagrams and of peers. */
    getEndpoint(): ServerEndpoint {
        return this.endpoint
    }

    onOutput(peer: Peer, output: Output): void {
        const connection = this.connectionOf(peer)
        if (output.kind === OutputKind.failed) this.released(connection)
        connection.onOutput(peer, output)
        if (output.kind === OutputKind.failed) this.tellFailure(connection, peer, output.failure as Failure)
        // An imported connection is already established, and the caller of `importAssociation` has it.
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
        const { owner } = peer
        if (owner instanceof ServerConnection) return owner
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
        // Many peers share one socket: an ICMP message about one of them says nothing about the others.
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
