/*
 * What bench:rv32 measures: PSK handshakes with a cookie and records of 64 bytes over a link in memory. The setting
 * `mode` is "speed", or "client" and "server" for the memory of one side: then the other side's datagrams are recorded
 * first and played back, both sides drawing from a seeded stream.
 */
import * as ds from "@devicescript/core"
import { Association } from "../../../src/dtls/association/association.js"
import { OutputKind } from "../../../src/dtls/association/output.js"
import { type CryptoProvider } from "../../../src/dtls/crypto/provider.js"
import { TLS_PSK_WITH_AES_128_CCM_8 } from "../../../src/dtls/key-exchange/suites.js"
import { type Peer } from "../../../src/dtls/endpoint/peer.js"
import { ServerEndpoint } from "../../../src/dtls/endpoint/server-endpoint.js"
import { wifi } from "../../../src/dtls/flight/retransmission.js"
import { clientRole } from "../../../src/dtls/handshake/v12/client.js"
import { mcuLimits } from "../../../src/dtls/handshake/limits.js"
import { AuthenticationMode } from "../../../src/dtls/handshake/key-exchange.js"
import { type AssociationSettings } from "../../../src/dtls/handshake/settings.js"
import { RuntimeCryptoProvider } from "../../../src/platform/runtime/crypto.js"
import "../../../src/platform/runtime/natives.js"
import { ListTable } from "../../../src/platform/runtime/table.js"
import "./natives.js"

/** Whose instructions are counted, and for what. */
enum Turn {
    nobody,
    handshakeClient,
    handshakeServer,
    sendClient,
    receiveServer,
    sendServer,
    receiveClient,
}

const HANDSHAKES = 50
const RECORDS = 1000
const RECORD_BYTES = 64

/** The same stream each time that the seed is set. */
class SeededCrypto extends RuntimeCryptoProvider {
    seed = 1

    override random(length: number): Buffer {
        const bytes = Buffer.alloc(length)
        for (let i = 0; i < length; i++) {
            this.seed = (Math.imul(this.seed, 1664525) + 1013904223) | 0
            bytes[i] = this.seed >>> 24
        }
        return bytes
    }
}

function settings(crypto: CryptoProvider): AssociationSettings {
    return {
        crypto,
        suites: [TLS_PSK_WITH_AES_128_CCM_8()],
        extensions: [],
        retransmission: wifi(),
        limits: mcuLimits(),
        pathBudget: 1200,
        requireExtendedMasterSecret: false,
        pskIdentityHint: undefined,
        authenticationMode: AuthenticationMode.none,
        alertOnKeyMismatch: false,
        keyLog: undefined,
    }
}

const identity = Buffer.from("device-0001")
const key = hex`0102030405060708090a0b0c0d0e0f10`
const source = { key: "127.0.0.1|1234", address: "127.0.0.1|1234" }

/** Both ends and the datagrams between them. */
class Link {
    client: Association | undefined = undefined
    server: ServerEndpoint
    peer: Peer | undefined = undefined
    toServer: Buffer[] = []
    toClient: Buffer[] = []
    wireBytes = 0
    wireDatagrams = 0
    received = 0
    clientSettings: AssociationSettings
    serverSettings: AssociationSettings

    constructor(
        public clientCrypto: CryptoProvider,
        serverCrypto: CryptoProvider,
    ) {
        this.clientSettings = settings(clientCrypto)
        this.serverSettings = settings(serverCrypto)
        const server = this.serverSettings
        this.server = new ServerEndpoint(() => server, server, { newTable: <T>() => new ListTable<T>() }, 0)
    }

    drainClient(): void {
        const client = this.client as Association
        for (let o = client.poll(); o !== undefined; o = client.poll()) {
            if (o.kind === OutputKind.datagram) this.toServer.push(o.data as Buffer)
            else if (o.kind === OutputKind.question) client.answer({ identity, key: Buffer.from(key) }, 0)
            else if (o.kind === OutputKind.message) this.received++
        }
    }

    drainServer(): void {
        const server = this.server
        for (let r = server.nextReply(); r !== undefined; r = server.nextReply()) this.toClient.push(r.data)
        for (let p = server.nextReady(); p !== undefined; p = server.nextReady()) {
            this.peer = p
            const association = p.association
            for (let o = association.poll(); o !== undefined; o = association.poll()) {
                if (o.kind === OutputKind.datagram) this.toClient.push(o.data as Buffer)
                else if (o.kind === OutputKind.question) association.answer({ identity, key: Buffer.from(key) }, 0)
                else if (o.kind === OutputKind.message) this.received++
            }
        }
    }

    begin(): void {
        this.client = new Association(this.clientSettings, clientRole(), 0, 0)
        this.client.begin(0)
        this.drainClient()
    }

    giveServer(datagram: Buffer): void {
        this.server.receive(datagram, datagram.length, source, 0)
        this.drainServer()
    }

    giveClient(datagram: Buffer): void {
        ;(this.client as Association).receive(datagram, datagram.length, 0)
        this.drainClient()
    }

    private count(datagram: Buffer): void {
        this.wireBytes += datagram.length
        this.wireDatagrams++
    }

    /** Lets datagrams pass until none is left. */
    run(forServer: Turn, forClient: Turn): void {
        while (this.toServer.length > 0 || this.toClient.length > 0) {
            const out = this.toServer.shift()
            if (out !== undefined) {
                this.count(out)
                ds._benchTurn(forServer)
                this.giveServer(out)
                ds._benchTurn(Turn.nobody)
            }
            const back = this.toClient.shift()
            if (back !== undefined) {
                this.count(back)
                ds._benchTurn(forClient)
                this.giveClient(back)
                ds._benchTurn(Turn.nobody)
            }
        }
    }

    handshake(): void {
        ds._benchTurn(Turn.handshakeClient)
        this.begin()
        ds._benchTurn(Turn.nobody)
        this.run(Turn.handshakeServer, Turn.handshakeClient)
        if (!(this.client as Association).canSend()) throw new Error("no handshake")
    }

    hangUp(): void {
        ;(this.client as Association).shutdown(true, true)
        this.drainClient()
        this.run(Turn.nobody, Turn.nobody)
        const peer = this.peer as Peer
        peer.association.shutdown(true, true)
        this.server.touched(peer)
        this.drainServer()
        this.toClient = []
    }
}

async function speed(): Promise<void> {
    const crypto = new RuntimeCryptoProvider()
    const link = new Link(crypto, crypto)
    for (let i = 0; i < HANDSHAKES; i++) {
        link.handshake()
        if (i === 0) {
            ds._benchReport("wire_bytes", link.wireBytes)
            ds._benchReport("wire_datagrams", link.wireDatagrams)
        }
        if (i < HANDSHAKES - 1) link.hangUp()
    }
    const message = Buffer.alloc(RECORD_BYTES)
    const client = link.client as Association
    const server = (link.peer as Peer).association
    for (let i = 0; i < RECORDS; i++) {
        ds._benchTurn(Turn.sendClient)
        client.send([message], false)
        link.drainClient()
        ds._benchTurn(Turn.nobody)
        link.run(Turn.receiveServer, Turn.nobody)
        ds._benchTurn(Turn.sendServer)
        server.send([message], false)
        link.server.touched(link.peer as Peer)
        link.drainServer()
        ds._benchTurn(Turn.nobody)
        link.run(Turn.nobody, Turn.receiveClient)
    }
    if (link.received !== RECORDS + RECORDS) throw new Error("records lost")
}

/** What one side sent in a handshake and with one record each way, for the other to be measured alone. */
interface Recording {
    toClient: Buffer[]
    toServer: Buffer[]
}

function exchangeOne(link: Link): void {
    const message = Buffer.alloc(RECORD_BYTES)
    ;(link.client as Association).send([message], false)
    link.drainClient()
}

function answerOne(link: Link): void {
    const message = Buffer.alloc(RECORD_BYTES)
    ;(link.peer as Peer).association.send([message], false)
    link.server.touched(link.peer as Peer)
    link.drainServer()
}

function record(clientCrypto: SeededCrypto, serverCrypto: SeededCrypto): Recording {
    const link = new Link(clientCrypto, serverCrypto)
    const recording: Recording = { toClient: [], toServer: [] }
    link.begin()
    for (let round = 0; round < 8; round++) {
        if (round === 6) exchangeOne(link)
        if (round === 7) answerOne(link)
        for (let out = link.toServer.shift(); out !== undefined; out = link.toServer.shift()) {
            recording.toServer.push(out)
            link.giveServer(out)
        }
        for (let back = link.toClient.shift(); back !== undefined; back = link.toClient.shift()) {
            recording.toClient.push(back)
            link.giveClient(back)
        }
    }
    if (link.received !== 2) throw new Error("no recording")
    link.hangUp()
    link.server.close()
    return recording
}

/** Bytes of the arena and of the native heap, above what was there before the connection. */
function report(arena: number, heap: number): void {
    ds._benchReport("arena_program", arena)
    ds._benchReport("arena_peak", ds._benchPeak() - arena)
    ds._benchReport("heap_natives_peak", ds._benchHeap(true) - heap)
    ds._benchReport("arena_idle", ds._benchAlive() - arena)
    ds._benchReport("heap_natives_idle", ds._benchHeap(false) - heap)
}

function memoryOfClient(recording: Recording, crypto: SeededCrypto): void {
    const link = new Link(crypto, crypto)
    const arena = ds._benchAlive()
    const heap = ds._benchHeap(false)
    ds._benchReset()
    crypto.seed = 1
    link.begin()
    link.toServer = []
    for (let i = 0; i < recording.toClient.length; i++) {
        if (i === recording.toClient.length - 1) exchangeOne(link)
        link.toServer = []
        link.giveClient(recording.toClient[i])
        link.toServer = []
    }
    report(arena, heap)
    // The connection is wanted until here: what nobody uses any more is not kept.
    if (link.received !== 1) throw new Error("the recording does not fit")
}

function memoryOfServer(recording: Recording, crypto: SeededCrypto): void {
    crypto.seed = 2
    const link = new Link(crypto, crypto)
    const arena = ds._benchAlive()
    const heap = ds._benchHeap(false)
    ds._benchReset()
    for (let i = 0; i < recording.toServer.length; i++) {
        link.giveServer(recording.toServer[i])
        link.toClient = []
    }
    answerOne(link)
    link.toClient = []
    report(arena, heap)
    if (link.received !== 1) throw new Error("the recording does not fit")
}

async function memory(ofClient: boolean): Promise<void> {
    const clientCrypto = new SeededCrypto()
    const serverCrypto = new SeededCrypto()
    clientCrypto.seed = 1
    serverCrypto.seed = 2
    const recording = record(clientCrypto, serverCrypto)
    // A wait lets go of what the recording was made with.
    await ds.sleep(1)
    if (ofClient) memoryOfClient(recording, clientCrypto)
    else memoryOfServer(recording, serverCrypto)
}

ds._benchTurn(Turn.nobody)
const mode = ds._moteSetting("mode") ?? "speed"
if (mode === "speed") await speed()
else await memory(mode === "client")
ds.restart()
