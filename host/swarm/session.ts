import { CoapClient } from "../../src/coap/client.js"
import { MessageLayer } from "../../src/coap/message-layer.js"
import { type MessageIds } from "../../src/coap/message-ids.js"
import { defaultCoapParameters } from "../../src/coap/parameters.js"
import { AeadAlgorithm } from "../../src/dtls/crypto/algorithms.js"
import { type Aead } from "../../src/dtls/crypto/provider.js"
import { Cancellable } from "../../src/gio/cancellable.js"
import { type DtlsClientConnection, type NewClientConnection } from "../../src/gio/dtls-client-connection.js"
import { type DtlsSettings } from "../../src/gio/settings.js"
import { type SocketAddress } from "../../src/gio/socket-address.js"
import { type Services, type UdpSocket } from "../../src/platform/services.js"
import { freeNumbers } from "../gateway/reservation.js"
import { endedByWrongKey } from "../wrong-key.js"
import { PatientSocket } from "./patient-socket.js"

/** What sessions are made from. */
export interface SessionParts {
    services: Services
    /** the gateway */
    remote: SocketAddress
    newConnection: NewClientConnection
}

/** A session that sleeps: its association, sealed, and where its message ids go on. */
export interface SleepingSession {
    association: Buffer
    ids: MessageIds
}

/** Seals what sleeps, in this process only. */
export function newWrapper({ crypto }: Services): Aead {
    return crypto.newAead(AeadAlgorithm.aes128Ccm, crypto.random(16))
}

/** A sensor's DTLS session with a CoAP client on it, and a socket of its own. */
export class SwarmSession {
    readonly coap: CoapClient

    private constructor(
        { services }: SessionParts,
        private socket: UdpSocket,
        private connection: DtlsClientConnection,
        ids?: MessageIds,
    ) {
        const layer = new MessageLayer(services, connection, defaultCoapParameters())
        if (ids !== undefined) layer.ids = ids
        this.coap = new CoapClient(layer)
    }

    /** By a handshake, which ends soon over a wrong key. Throws GError. */
    static async begin(parts: SessionParts, common: DtlsSettings, stopping: Cancellable): Promise<SwarmSession> {
        const settings = { ...common }
        const stop = new Cancellable()
        const id = stopping.connect(() => stop.cancel())
        const handshake = (): Promise<SwarmSession> =>
            SwarmSession.open(parts, settings, undefined, (connection) => connection.handshake(stop))
        try {
            return await endedByWrongKey(settings, () => undefined, stop, handshake)
        } finally {
            stopping.disconnect(id)
        }
    }

    /** From a sleeping one, at a new address. Throws GError. */
    static async wake(
        parts: SessionParts,
        settings: DtlsSettings,
        { association, ids }: SleepingSession,
        wrapper: Aead,
    ): Promise<SwarmSession> {
        return await SwarmSession.open(parts, settings, ids, async (connection) => {
            await connection.importAssociation(association, wrapper, 0)
            freeNumbers(connection)
        })
    }

    private static async open(
        parts: SessionParts,
        settings: DtlsSettings,
        ids: MessageIds | undefined,
        begin: (connection: DtlsClientConnection) => Promise<unknown>,
    ): Promise<SwarmSession> {
        const { services, remote, newConnection } = parts
        const socket = new PatientSocket(await services.openUdp({ remote, localHost: undefined, localPort: 0 }))
        const connection = newConnection(services, socket, settings, undefined)
        try {
            await begin(connection)
        } catch (error) {
            await connection.close()
            socket.close()
            throw error
        }
        socket.isPatient = true
        return new SwarmSession(parts, socket, connection, ids)
    }

    /** Gives the socket back without a word. Throws GError: the session is over. */
    async sleep(wrapper: Aead): Promise<SleepingSession> {
        const { layer } = this.coap
        layer.close()
        await this.connection.exportable()
        const association = this.connection.exportAssociation(wrapper, { send: 0, receive: 0 })
        this.connection.abandon()
        this.socket.close()
        return { association, ids: layer.ids }
    }

    /** With close_notify. */
    async close(): Promise<void> {
        this.coap.layer.close()
        await this.connection.close()
        this.socket.close()
    }
}
