import { ok, rejects, strictEqual } from "node:assert/strict"
import { constants } from "node:os"
import { DtlsClientConnection } from "../../../src/gio/dtls-client-connection.js"
import { type DtlsConnection } from "../../../src/gio/dtls-connection.js"
import { DtlsListener } from "../../../src/gio/dtls-listener.js"
import { IOCondition } from "../../../src/gio/enums.js"
import { ioError, IOErrorEnum } from "../../../src/gio/errors.js"
import { LogLevel } from "../../../src/gio/log-level.js"
import { SinglePsk } from "../../../src/gio/credentials.js"
import { type DtlsSettings, newSettings } from "../../../src/gio/settings.js"
import { allSuites } from "../../../src/dtls/key-exchange/suites.js"
import { gatewayLimits } from "../../../src/dtls/handshake/limits.js"
import { wifi } from "../../../src/dtls/flight/retransmission.js"
import { type SocketAddress } from "../../../src/gio/socket-address.js"
import { connect, type DtlsError, type DtlsSocket } from "../../../src/index.js"
import { asGError } from "../../../src/platform/node/dgram.js"
import { NodeServices } from "../../../src/platform/node/services.js"
import { type UdpSocket } from "../../../src/platform/services.js"
import { opened, out } from "../../support/gio.js"

const psk = { identity: "device", key: Buffer.from("00112233445566778899aabbccddeeff", "hex") }

/** A listener on loopback, and its log. */
class Served {
    lines: string[] = []

    private constructor(
        readonly listener: DtlsListener,
        readonly socket: UdpSocket,
    ) {}

    static async open(change: (settings: DtlsSettings) => void): Promise<Served> {
        const lines: string[] = []
        const log = (level: LogLevel, message: string): void => void lines.push(`${LogLevel[level]}: ${message}`)
        const services = new NodeServices({ log })
        const key = new SinglePsk(Buffer.from(psk.identity), psk.key)
        const settings = newSettings(allSuites(), key, wifi(), gatewayLimits())
        change(settings)
        const socket = await services.openUdp({ remote: undefined, localHost: "127.0.0.1", localPort: 0 })
        const served = new Served(new DtlsListener(services, socket, settings), socket)
        served.lines = lines
        return served
    }

    address(): SocketAddress {
        return { address: "127.0.0.1", port: this.socket.localAddress().port }
    }

    connect(deadline = 3000): Promise<DtlsSocket> {
        const retransmission = { ...wifi(), deadline }
        return connect("127.0.0.1", this.socket.localAddress().port, { psk, retransmission })
    }

    async close(): Promise<void> {
        await this.listener.close()
        this.socket.close()
    }
}

describe("an error of the network", () => {
    it("says what to do about it, for each code with a text of its own", () => {
        const unknown = IOErrorEnum.FAILED
        const errors = Object.keys(constants.errno).map((code) =>
            asGError(Object.assign(new Error(), { code }), "here"),
        )
        const known = errors.filter(({ code }) => code !== unknown).map(({ message }) => message)
        strictEqual(known.length, 11)
        for (const message of known) ok(/: .+[:;] (check|choose|raise|send|bring) /.test(message), message)
    })
})

describe("the tasks that drive an endpoint", () => {
    it("continue when a diagnostic handler throws; its error is logged", async () => {
        let calls = 0
        const served = await Served.open((settings) => {
            settings.alertOnKeyMismatch = false
            settings.onDiagnostic = () => {
                calls++
                throw new Error("the log is full")
            }
        })
        const wrong = { ...psk, key: Buffer.alloc(16, 7) }
        const retransmission = { ...wifi(), deadline: 500 }
        await rejects(connect("127.0.0.1", served.socket.localAddress().port, { psk: wrong, retransmission }))
        ok(calls > 0)
        await (await served.connect()).close()
        ok(served.lines.includes("error: The diagnostic handler failed: the log is full"))
        await served.close()
    })

    it("[P09 part] continue when a PSK source throws: its client gets the silence of an unknown identity, and no message is logged", async () => {
        let broken = true
        const served = await Served.open((settings) => {
            const { credentials: source } = settings
            settings.credentials = {
                answer: (question, connection) => {
                    if (broken) throw new Error(`no entry for key ${psk.key.toString("hex")}`)
                    return source.answer(question, connection)
                },
            }
        })
        await rejects(served.connect(500), (error: DtlsError) => error.code !== "ERR_DTLS_CONNECTION_REFUSED")
        broken = false
        await (await served.connect()).close()
        strictEqual(served.lines.length > 0, true)
        ok(!served.lines.join("\n").includes(psk.key.toString("hex")))
        await served.close()
    })

    it("[F25] continue when the base socket cannot send, or reports errors while receiving", async () => {
        const served = await Served.open(() => undefined)
        const { sendMessages, receiveMessages } = served.socket
        let failing = 3
        served.socket.sendMessages = (messages, ...rest) => {
            if (failing-- > 0) throw ioError(IOErrorEnum.FAILED, "no buffer space")
            return sendMessages.call(served.socket, messages, ...rest)
        }
        let receiveErrors = 3
        served.socket.receiveMessages = (messages, ...rest) => {
            if (receiveErrors-- > 0) throw ioError(IOErrorEnum.HOST_UNREACHABLE, "no route")
            return receiveMessages.call(served.socket, messages, ...rest)
        }
        await (await served.connect(10000)).close()
        await served.close()
    })

    it("[F25] report the error of a datagram that was not sent to that send only, before the session is established and after", async () => {
        const served = await Served.open(() => undefined)
        const services = new NodeServices()
        const socket = await services.openUdp({ remote: served.address(), localHost: undefined, localPort: 0 })
        const { sendMessages } = socket
        let failing = 1
        socket.sendMessages = (...given) => {
            if (failing-- > 0) throw ioError(IOErrorEnum.HOST_UNREACHABLE, "no route")
            return sendMessages.apply(socket, given)
        }
        const key = new SinglePsk(Buffer.from(psk.identity), psk.key)
        const settings = newSettings(allSuites(), key, wifi(), gatewayLimits())
        const client = new DtlsClientConnection(services, socket, settings, "127.0.0.1")
        strictEqual(await client.handshake(), true)
        strictEqual(client.conditionCheck(IOCondition.IN), 0)
        failing = 1
        await rejects(client.sendMessages([out("lost")], 0, -1), { code: IOErrorEnum.HOST_UNREACHABLE })
        strictEqual(client.conditionCheck(IOCondition.IN), 0)
        strictEqual(await client.sendMessages([out("kept")], 0, -1), 1)
        await client.close()
        socket.close()
        await served.close()
    })

    it("that cannot continue close their listener: accept and open connections get the reason", async () => {
        const served = await Served.open(() => undefined)
        const client = await served.connect()
        const connection: DtlsConnection = await served.listener.accept(9000000)
        const accepting = served.listener.accept(-1)
        served.socket.close()
        await rejects(accepting, { code: IOErrorEnum.CLOSED })
        await rejects(connection.sendMessages([out("x")], 0, 0), { code: IOErrorEnum.CLOSED })
        await client.close()
        await served.close()
    })

    it("end their listener, too, when a base socket throws something other than an I/O error", async () => {
        const served = await Served.open(() => undefined)
        const client = await served.connect()
        served.socket.conditionCheck = () => 0
        const endpoint = served.listener.getEndpoint()
        endpoint.nextReady = () => {
            throw new TypeError("a defect of the endpoint")
        }
        const accepting = served.listener.accept(-1).then(() => served.listener.accept(-1))
        await client.send("wakes the receive task")
        await rejects(accepting, { code: IOErrorEnum.FAILED, message: /a defect of the endpoint/ })
        await client.close()
        await served.close()
    })

    it("callbacks of asynchronous calls and sources that throw are logged, and nothing else ends", async () => {
        const pair = await opened()
        pair.client.handshakeAsync(0, undefined, () => {
            throw new Error("a callback's own fault")
        })
        const source = pair.client.createSource(4)
        source.setCallback(() => {
            throw new Error("a source's own fault")
        })
        source.attach()
        await new Promise((resolve) => setTimeout(resolve, 50))
        ok(source.isDestroyed())
        strictEqual(await pair.client.sendMessages([out("x")], 0, -1), 1)
        await pair.close()
    })
})
