import { deepStrictEqual, rejects, strictEqual, throws } from "node:assert"
import { AeadAlgorithm } from "../../../src/dtls/crypto/algorithms.js"
import { wifi } from "../../../src/dtls/flight/retransmission.js"
import { connectionIds } from "../../../src/dtls/handshake/connection-ids.js"
import { gatewayLimits } from "../../../src/dtls/handshake/limits.js"
import { allSuites } from "../../../src/dtls/key-exchange/suites.js"
import { SinglePsk } from "../../../src/gio/credentials.js"
import { InputMessage, OutputMessage } from "../../../src/gio/datagram-based.js"
import { DtlsClientConnection } from "../../../src/gio/dtls-client-connection.js"
import { type DtlsConnection } from "../../../src/gio/dtls-connection.js"
import { DtlsListener } from "../../../src/gio/dtls-listener.js"
import { type GError, IOErrorEnum } from "../../../src/gio/errors.js"
import { type DtlsSettings, newSettings } from "../../../src/gio/settings.js"
import { NodeServices } from "../../../src/platform/node/services.js"
import { type UdpSocket } from "../../../src/platform/services.js"

const services = new NodeServices()
const wrapper = services.crypto.newAead(AeadAlgorithm.aes128Ccm, Buffer.alloc(16, 3))
const exact = { send: 0, receive: 0 }
const block = { send: 16, receive: 16 }

function settings(idLength: number): DtlsSettings {
    const psk = new SinglePsk(Buffer.from("sensor1"), Buffer.alloc(16, 1))
    const made = newSettings(allSuites(), psk, wifi(), gatewayLimits())
    made.extensions = [connectionIds(idLength)]
    return made
}

async function openUdp(port = 0, remotePort?: number): Promise<UdpSocket> {
    const remote = remotePort === undefined ? undefined : { address: "127.0.0.1", port: remotePort }
    return await services.openUdp({ remote, localHost: "127.0.0.1", localPort: port })
}

async function send(connection: DtlsConnection, text: string): Promise<void> {
    strictEqual(await connection.sendMessages([new OutputMessage([Buffer.from(text)])], 0, -1), 1)
}

async function receive(connection: DtlsConnection): Promise<string> {
    const message = new InputMessage([Buffer.alloc(100)])
    strictEqual(await connection.receiveMessages([message], 0, 9000000), 1)
    return message.vectors[0].subarray(0, message.bytesReceived).toString()
}

function code(expected: IOErrorEnum, argument?: string): (error: unknown) => boolean {
    return (error) => (error as GError).code === expected && (error as GError).argument === argument
}

/** A session over real sockets, in which either side can be restarted. */
class Session {
    constructor(
        public socket: UdpSocket,
        public listener: DtlsListener,
        public clientSocket: UdpSocket,
        public client: DtlsClientConnection,
        public accepted: DtlsConnection,
    ) {}

    static async open(): Promise<Session> {
        const socket = await openUdp()
        const listener = new DtlsListener(services, socket, settings(8))
        const clientSocket = await openUdp(0, socket.localAddress().port)
        const client = new DtlsClientConnection(services, clientSocket, settings(0), undefined)
        await client.handshake()
        return new Session(socket, listener, clientSocket, client, await listener.accept(-1))
    }

    /** The client's process ends without close_notify, and another one continues from another port. */
    async restartClient(saved: Buffer): Promise<void> {
        const port = this.socket.localAddress().port
        this.clientSocket.close()
        this.clientSocket = await openUdp(0, port)
        this.client = new DtlsClientConnection(services, this.clientSocket, settings(0), undefined)
        await this.client.importAssociation(saved, wrapper, 0)
    }

    async close(): Promise<void> {
        await this.client.close()
        await this.listener.close()
        this.clientSocket.close()
        this.socket.close()
    }
}

describe("an exported connection", () => {
    it("continues in another process, from another address, without a handshake", async () => {
        const s = await Session.open()
        await send(s.client, "before")
        strictEqual(await receive(s.accepted), "before")
        await s.restartClient(s.client.exportAssociation(wrapper, exact))
        await rejects(send(s.client, "too soon"), code(IOErrorEnum.NO_SPACE))
        s.client.exportAssociation(wrapper, block)
        await send(s.client, "after")
        strictEqual(await receive(s.accepted), "after")
        await send(s.accepted, "answer")
        strictEqual(await receive(s.client), "answer")
        strictEqual(await s.client.handshake(), true)
        await s.close()
    })

    it("continues on a server that restarts: its client notices nothing", async () => {
        const s = await Session.open()
        const saved = s.accepted.exportAssociation(wrapper, exact)
        const { port } = s.socket.localAddress()
        // The process ends without close_notify.
        s.socket.close()
        const socket = await openUdp(port)
        const listener = new DtlsListener(services, socket, settings(8))
        const goneOn = await listener.importAssociation(saved, wrapper, 0)
        goneOn.exportAssociation(wrapper, block)
        deepStrictEqual(goneOn.getPeerIdentity(), Buffer.from("sensor1"))
        await send(goneOn, "server first")
        strictEqual(await receive(s.client), "server first")
        await send(s.client, "and back")
        strictEqual(await receive(goneOn), "and back")
        await rejects(listener.importAssociation(saved, wrapper, 0), code(IOErrorEnum.INVALID_ARGUMENT, "saved"))
        await rejects(listener.importAssociation(saved, wrapper, 2), code(IOErrorEnum.INVALID_ARGUMENT, "saved"))
        await s.client.close()
        await listener.close()
        await rejects(listener.importAssociation(saved, wrapper, 0), code(IOErrorEnum.CLOSED))
        s.clientSocket.close()
        socket.close()
    })

    it("throws when there is nothing to export, on invalid arguments, and once a handshake has begun", async () => {
        const s = await Session.open()
        const idle = new DtlsClientConnection(services, s.clientSocket, settings(0), undefined)
        throws(() => idle.exportAssociation(wrapper, exact), code(IOErrorEnum.PENDING))
        for (const send of [-1, 1.5, NaN, 2 ** 31])
            throws(() => s.client.exportAssociation(wrapper, { send, receive: 0 }), code(13, "reserve"))
        const saved = s.client.exportAssociation(wrapper, block)
        await rejects(s.client.importAssociation(saved, wrapper, 0), code(IOErrorEnum.PENDING))
        await rejects(idle.importAssociation(Buffer.alloc(40, "nonsense"), wrapper, 0), code(IOErrorEnum.NOT_SUPPORTED))
        await rejects(idle.importAssociation(Buffer.alloc(0), wrapper, 0), code(13, "saved"))
        await s.client.close()
        throws(() => s.client.exportAssociation(wrapper, exact), code(IOErrorEnum.CLOSED))
        await s.close()
    })

    it("no longer has keying material: its master secret stayed behind", async () => {
        const s = await Session.open()
        await s.restartClient(s.client.exportAssociation(wrapper, exact))
        throws(() => s.client.exportKeyingMaterial("EXPORTER-test", undefined, 16), code(IOErrorEnum.NOT_SUPPORTED))
        await s.close()
    })
})
