import { deepStrictEqual, ok, strictEqual } from "node:assert/strict"
import { type Device, type Outcome } from "../../../host/simulator/device.js"
import { defaultCoapParameters } from "../../../src/coap/parameters.js"
import { TLS_PSK_WITH_AES_128_CCM_8 } from "../../../src/dtls/key-exchange/suites.js"
import { wifi } from "../../../src/dtls/flight/retransmission.js"
import { gatewayLimits, mcuLimits } from "../../../src/dtls/handshake/limits.js"
import { ContentType, HandshakeType } from "../../../src/dtls/wire/code-points.js"
import { type DatagramBased, InputMessage, OutputMessage } from "../../../src/gio/datagram-based.js"
import { DtlsClientConnection } from "../../../src/gio/dtls-client-connection.js"
import { SinglePsk } from "../../../src/gio/credentials.js"
import { type DtlsSettings, newSettings } from "../../../src/gio/settings.js"
import { DtlsSocket } from "../../../src/index.js"
import { NodeServices } from "../../../src/platform/node/services.js"
import { type UdpSocket } from "../../../src/platform/services.js"
import { simulatedDevice } from "../../support/simulated-device.js"
import { fragment, messages, record } from "../../support/wire.js"

const KEY = Buffer.from("00112233445566778899aabbccddeeff", "hex")
const IDENTITY = "me"
/** Offset of the handshake type in a datagram, behind the record header. */
const HANDSHAKE_TYPE = 13

function clientSettings(): DtlsSettings {
    const psk = new SinglePsk(Buffer.from(IDENTITY), KEY)
    return newSettings([TLS_PSK_WITH_AES_128_CCM_8()], psk, wifi(), gatewayLimits())
}

/** A socket that loses the answer to the ServerHello and whatever follows: its peer stays half-open. */
function losingLastFlight(inner: UdpSocket, lost: () => void): DatagramBased {
    let losing = false
    return new Proxy(inner, {
        get(target, name) {
            if (name !== "sendMessages") {
                const value = target[name as keyof UdpSocket] as unknown
                return typeof value === "function" ? (value.bind(target) as unknown) : value
            }
            return (messages: OutputMessage[], flags: number, timeout: number): Promise<number> => {
                losing ||= messages.some(
                    ({ vectors }) => vectors[0][HANDSHAKE_TYPE] === HandshakeType.clientKeyExchange,
                )
                if (!losing) return target.sendMessages(messages, flags, timeout)
                for (const message of messages)
                    message.bytesSent = message.vectors.reduce((sum, v) => sum + v.length, 0)
                lost()
                return Promise.resolve(messages.length)
            }
        },
    })
}

interface Client {
    socket: UdpSocket
    link: DtlsSocket
}

async function establish(services: NodeServices, port: number): Promise<Client> {
    const remote = { address: "127.0.0.1", port }
    const socket = await services.openUdp({ localHost: undefined, localPort: 0, remote })
    const connection = new DtlsClientConnection(services, socket, clientSettings(), undefined)
    await connection.handshake()
    return { socket, link: new DtlsSocket(connection, socket, remote) }
}

/**
 * The client reboots: a handshake from its port that stops half-way, and that fills the server's buffers with incomplete
 * messages and early records. Its established association stays meanwhile.
 */
async function reboot(services: NodeServices, port: number, client: Client): Promise<UdpSocket> {
    const localPort = client.socket.localAddress().port
    client.socket.close()
    const remote = { address: "127.0.0.1", port }
    const socket = await services.openUdp({ localHost: undefined, localPort, remote })
    await new Promise<void>((resolve) => {
        const base = losingLastFlight(socket, resolve)
        new DtlsClientConnection(services, base, clientSettings(), undefined).handshake().catch(() => undefined)
    })
    const { handshakeMessageBytes, inboxBytes, earlyRecordBytes } = mcuLimits()
    const send = async (datagram: Buffer): Promise<void> =>
        void (await socket.sendMessages([new OutputMessage([datagram])], 0, 1000000))
    const lengths = [handshakeMessageBytes, inboxBytes - handshakeMessageBytes]
    for (const [index, length] of lengths.entries()) {
        const header = { type: HandshakeType.clientKeyExchange, messageSeq: 2 + index, length }
        const body = Buffer.alloc(length - 1, 0x41)
        const part = fragment({ ...header, fragmentOffset: 0, fragmentLength: body.length }, body)
        await send(record(ContentType.handshake, 0, 100 + index, part))
    }
    for (let i = 0; i < 2; i++)
        await send(record(ContentType.handshake, 1, i, Buffer.alloc(earlyRecordBytes / 2 - HANDSHAKE_TYPE, 0x42)))
    return socket
}

/** A client that sends only a first fragment of its second hello, the longest that there is room for. */
async function partialHello(services: NodeServices, port: number, localHost: string): Promise<UdpSocket> {
    const remote = { address: "127.0.0.1", port }
    const socket = await services.openUdp({ localHost, localPort: 0, remote })
    const length = mcuLimits().handshakeMessageBytes
    const send = async (messageSeq: number, start: Buffer): Promise<void> => {
        const header = { type: HandshakeType.clientHello, messageSeq, length, fragmentOffset: 0, fragmentLength: 100 }
        const body = Buffer.concat([start, Buffer.alloc(100 - start.length)])
        const datagram = record(ContentType.handshake, 0, messageSeq, fragment(header, body))
        await socket.sendMessages([new OutputMessage([datagram])], 0, 1000000)
    }
    // client_version, random and an empty session id; then the cookie's length.
    const start = Buffer.concat([Buffer.from([0xfe, 0xfd]), Buffer.alloc(33)])
    await send(0, Buffer.concat([start, Buffer.from([0])]))
    const message = new InputMessage([Buffer.alloc(200)])
    await socket.receiveMessages([message], 0, 5000000)
    const [request] = messages(message.vectors[0].subarray(0, message.bytesReceived))
    await send(1, Buffer.concat([start, request.body.subarray(2)]))
    return socket
}

/** One message after the other: a burst would be lost in the device's small socket queue. */
async function fill({ link }: Client): Promise<void> {
    const { receiveQueueMessages, receiveQueueBytes } = mcuLimits()
    for (let i = 0; i < receiveQueueMessages + 2; i++) {
        await new Promise((resolve) => setTimeout(resolve, 20))
        await link.send(Buffer.alloc(receiveQueueBytes / receiveQueueMessages, i))
    }
}

/** A confirmable GET; its answer is piggybacked. */
async function requested({ link }: Client, messageId: number): Promise<void> {
    await link.send(Buffer.from([0x40, 0x01, messageId >> 8, messageId & 255]))
    const reply = (await link.receive()) as Buffer
    deepStrictEqual([...reply.subarray(0, 4)], [0x60, 0x45, messageId >> 8, messageId & 255])
    strictEqual(reply.length, 4 + 1 + 200)
}

async function echoed({ link }: Client, text: string): Promise<void> {
    await link.send(text)
    strictEqual(String(await link.receive()), text)
}

describe("all limits of profile mcu at once, in the simulator", function () {
    this.timeout(120000)

    // How fragmented the arena is depends on the order in which datagrams arrive: a single run could pass by luck.
    for (const run of [1, 2, 3, 4])
        it(`no panic, and an established peer is still served: run ${run}`, async () => {
            let listening: (port: number) => void = () => undefined
            const port = new Promise<number>((resolve) => (listening = resolve))
            const settings = { identity: IDENTITY, key: KEY.toString("hex") }
            const device = await simulatedDevice("test/device/server.ts", settings, {
                print: (_level, line) => listening(Number(/listening (\d+)/.exec(line)?.[1] ?? 0)),
            })
            const running = device.run()
            // A panic ends the run before the attack is over.
            await Promise.race([attack(device, await port), running]).finally(() => device.stop())
            const outcome = await running
            tell(outcome)
            strictEqual(outcome.code, undefined, `${outcome.code} ${outcome.exception}`)
        })
})

async function attack(device: Device, port: number): Promise<void> {
    const services = new NodeServices()
    const { peers, halfOpenPeers } = mcuLimits()
    const clients: Client[] = []
    for (let i = 0; i < peers; i++) clients.push(await establish(services, port))
    const served = clients.pop() as Client
    for (const client of clients) await client.link.send("hold")
    await echoed(served, "before")
    const alive = [device.measure().liveBytes]
    for (const client of clients) await fill(client)
    await echoed(served, "queues are full")
    alive.push(device.measure().liveBytes)
    await served.link.send("coap")
    const { rememberedIds } = defaultCoapParameters()
    for (let id = 0; id < rememberedIds + 2; id++) await requested(served, id)
    alive.push(device.measure().liveBytes)
    const halfOpen: UdpSocket[] = []
    for (const client of clients.slice(0, halfOpenPeers)) halfOpen.push(await reboot(services, port, client))
    await requested(served, 100)
    alive.push(device.measure().liveBytes)
    for (const host of ["127.0.0.2", "127.0.0.3"]) halfOpen.push(await partialHello(services, port, host))
    await requested(served, 101)
    alive.push(device.measure().liveBytes)
    console.log(
        `    alive, bytes: with 4 peers ${alive[0]}, queues full ${alive[1]}, CoAP answers remembered ${alive[2]}, ` +
            `handshakes half-open ${alive[3]}, hellos in fragments ${alive[4]}`,
    )
    // Each step really took memory: the buffers were filled.
    ok(alive[1] - alive[0] > (peers - 1) * mcuLimits().receiveQueueBytes * 0.8, "queues")
    ok(alive[2] - alive[1] > rememberedIds * 200 * 0.8, "CoAP")
    ok(alive[3] - alive[2] > halfOpenPeers * mcuLimits().inboxBytes * 0.5, "half-open handshakes")
    const { partialHellos, handshakeMessageBytes } = mcuLimits()
    ok(alive[4] - alive[3] > partialHellos * handshakeMessageBytes, "hellos in fragments")
    for (let i = 0; i < 20; i++) await requested(served, 200 + i)
    for (const socket of halfOpen) socket.close()
    for (const { socket } of clients) socket.close()
    await served.link.close()
}

function tell({ counters }: Outcome): void {
    const { peakLiveBytes, arenaBytes, longestPause, collections } = counters
    console.log(
        `    heap: at most ${peakLiveBytes} of ${arenaBytes} bytes alive after a collection; ` +
            `${collections} collections, the longest took ${longestPause} us`,
    )
    ok(peakLiveBytes < arenaBytes)
}
