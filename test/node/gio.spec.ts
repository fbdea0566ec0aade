import { deepStrictEqual, ok, rejects, strictEqual, throws } from "node:assert/strict"
import { type AsyncResult } from "../../src/gio/async-result.js"
import { Cancellable } from "../../src/gio/cancellable.js"
import { InputMessage, OutputMessage } from "../../src/gio/datagram-based.js"
import { DtlsClientConnection } from "../../src/gio/dtls-client-connection.js"
import { type DtlsConnection } from "../../src/gio/dtls-connection.js"
import { DtlsListener } from "../../src/gio/dtls-listener.js"
import { IOCondition, TlsProtocolVersion } from "../../src/gio/enums.js"
import { ErrorDomain, GError, IOErrorEnum, TlsError } from "../../src/gio/errors.js"
import { newSettings, SinglePsk } from "../../src/gio/settings.js"
import { allSuites } from "../../src/dtls/crypto/suites.js"
import { FailureReason } from "../../src/dtls/handshake/failure.js"
import { gatewayLimits } from "../../src/dtls/handshake/limits.js"
import { wifi } from "../../src/dtls/flight/retransmission.js"
import { connect, listen } from "../../src/platform/node/connect.js"
import { NodeServices } from "../../src/platform/node/services.js"
import { type UdpOptions, type UdpSocket } from "../../src/platform/services.js"
import { sleep } from "../interop/process.js"
import { errorName, Pair } from "../oracle/pair.js"

async function opened(change?: Parameters<typeof Pair.make>[0]): Promise<Pair> {
    const pair = await Pair.make(change)
    await pair.handshake()
    return pair
}

const out = (text: string): OutputMessage => new OutputMessage([Buffer.from(text)])
const into = (size = 64): InputMessage => new InputMessage([Buffer.alloc(size)])

function textOf(message: InputMessage): string {
    return message.vectors[0].subarray(0, message.bytesReceived).toString()
}

/** The error of a callback-style operation, or "done". */
function finish(
    start: (callback: (source: DtlsConnection, result: AsyncResult) => void) => void,
    take: (result: AsyncResult) => boolean,
): Promise<string> {
    return new Promise((resolve) => {
        start((_source, result) => {
            try {
                resolve(take(result) ? "done" : "false")
            } catch (error) {
                resolve(errorName(error))
            }
        })
    })
}

describe("the Gio-shaped connection", () => {
    it("has GIO's properties: unknown before the handshake, set after it, and they stay after the close", async () => {
        const pair = await Pair.make()
        for (const side of [pair.client, pair.server]) {
            strictEqual(side.getProtocolVersion(), TlsProtocolVersion.UNKNOWN)
            strictEqual(side.getCiphersuiteName(), undefined)
            strictEqual(side.getPeerCertificate(), undefined)
            strictEqual(side.getRequireCloseNotify(), true)
        }
        await pair.handshake()
        await pair.client.close()
        strictEqual(pair.client.getProtocolVersion(), TlsProtocolVersion.DTLS_1_2)
        strictEqual(pair.client.getCiphersuiteName(), "TLS_PSK_WITH_AES_128_GCM_SHA256")
        strictEqual(pair.client.getServerIdentity(), "server.test")
        strictEqual(pair.client.getBaseSocket(), pair.clientBase)
        await pair.close()
    })

    it("handshakeAsync calls back in a later turn; a second one, and handshake() beside it, get PENDING", async () => {
        const pair = await Pair.make()
        let called = false
        const first = finish(
            (callback) => pair.client.handshakeAsync(0, undefined, callback),
            (result) => pair.client.handshakeFinish(result),
        ).then((answer) => ((called = true), answer))
        strictEqual(called, false)
        const second = finish(
            (callback) => pair.client.handshakeAsync(0, undefined, callback),
            (result) => pair.client.handshakeFinish(result),
        )
        await rejects(pair.client.handshake(), { code: IOErrorEnum.PENDING })
        strictEqual(await second, "G_IO_ERROR_PENDING")
        await pair.server.handshake()
        strictEqual(await first, "done")
        await pair.close()
    })

    it("shutdownAsync and closeAsync finish; twice at once too; a cancelled one says CANCELLED", async () => {
        const pair = await opened()
        const cancelled = new Cancellable()
        cancelled.cancel()
        const shutdown = (cancellable?: Cancellable): Promise<string> =>
            finish(
                (callback) => pair.client.shutdownAsync(true, true, 0, cancellable, callback),
                (result) => pair.client.shutdownFinish(result),
            )
        strictEqual(await shutdown(cancelled), "G_IO_ERROR_CANCELLED")
        deepStrictEqual(await Promise.all([shutdown(), shutdown()]), ["done", "done"])
        const close = finish(
            (callback) => pair.server.closeAsync(0, undefined, callback),
            (result) => pair.server.closeFinish(result),
        )
        strictEqual(await close, "done")
        await pair.close()
    })

    it("[P07] close wakes a blocked read, a blocked condition_wait and a handshake with CLOSED", async () => {
        const pair = await Pair.make()
        const waiting = [
            pair.client.receiveMessages([into()], 0, -1),
            pair.client.conditionWait(IOCondition.IN, -1),
            pair.client.handshake(),
        ].map((work) => work.then(String, errorName))
        await sleep(30)
        await pair.client.close()
        deepStrictEqual(await Promise.all(waiting), ["G_IO_ERROR_CLOSED", "true", "G_IO_ERROR_CLOSED"])
        await pair.close()
    })

    it("[P08] after a half shutdown the other direction works, and waiting for the closed one is CLOSED", async () => {
        const pair = await opened()
        await pair.client.shutdown(false, true)
        await rejects(pair.client.conditionWait(IOCondition.OUT, -1), { code: IOErrorEnum.CLOSED })
        await pair.server.sendMessages([out("still")], 0, -1)
        const message = into()
        strictEqual(await pair.client.receiveMessages([message], 0, -1), 1)
        strictEqual(textOf(message), "still")
        await pair.close()
    })

    it("[P05] [P06] cancelling a call leaves the connection usable", async () => {
        const pair = await Pair.make()
        for (const start of [
            (c: Cancellable) => pair.client.handshake(c),
            (c: Cancellable) => pair.client.receiveMessages([into()], 0, -1, c),
            (c: Cancellable) => pair.client.sendMessages([out("x")], 0, -1, c),
            (c: Cancellable) => pair.client.conditionWait(IOCondition.IN, -1, c),
        ]) {
            const cancellable = new Cancellable()
            const work = start(cancellable)
            setTimeout(() => cancellable.cancel(), 20)
            await rejects(work, { code: IOErrorEnum.CANCELLED })
        }
        await pair.handshake()
        strictEqual(await pair.client.sendMessages([out("x")], 0, -1), 1)
        await pair.close()
    })

    it("lets a second receive wait behind the first: each gets its own message, in order", async () => {
        const pair = await opened()
        const [first, second] = [into(), into()]
        const reads = [pair.client.receiveMessages([first], 0, -1), pair.client.receiveMessages([second], 0, -1)]
        await sleep(20)
        await pair.server.sendMessages([out("one"), out("two")], 0, -1)
        deepStrictEqual(await Promise.all(reads), [1, 1])
        deepStrictEqual([textOf(first), textOf(second)].sort(), ["one", "two"])
        await pair.close()
    })

    it("does not starve others when polled with timeout 0", async () => {
        const pair = await opened()
        const message = into()
        setTimeout(() => void pair.server.sendMessages([out("polled")], 0, -1), 20)
        let count = 0
        for (let i = 0; i < 200000 && count === 0; i++)
            count = await pair.client.receiveMessages([message], 0, 0).catch((error: GError) => {
                strictEqual(error.code, IOErrorEnum.WOULD_BLOCK)
                return 0
            })
        strictEqual(count, 1)
        await pair.close()
    })

    it("[D13] keeps what nobody reads within the queue's limits, and counts what it drops", async () => {
        const pair = await opened((settings) => (settings.limits = { ...settings.limits, receiveQueueMessages: 5 }))
        for (let i = 0; i < 20; i++) await pair.server.sendMessages([out(`m${i}`)], 0, -1)
        await sleep(50)
        const messages = Array.from({ length: 20 }, () => into())
        strictEqual(await pair.client.receiveMessages(messages, 0, 0), 5)
        strictEqual(textOf(messages[4]), "m4")
        await pair.close()
    })

    it("with coalesce the messages of one call share datagrams up to the path budget, in order", async () => {
        for (const coalesce of [false, true]) {
            const pair = await opened((settings) => (settings.coalesce = coalesce))
            let datagrams = 0
            const { sendMessages } = pair.clientBase
            pair.clientBase.sendMessages = function (this: unknown, messages, ...rest) {
                datagrams += messages.length
                for (const message of messages) ok(message.vectors[0].length <= 1232)
                return sendMessages.call(pair.clientBase, messages, ...rest)
            }
            const sent = Array.from({ length: 30 }, (_, i) => out(`message ${i} `.padEnd(100, ".")))
            strictEqual(await pair.client.sendMessages(sent, 0, -1), 30)
            strictEqual(datagrams, coalesce ? 4 : 30)
            const got = Array.from({ length: 30 }, () => into(200))
            strictEqual(await pair.server.receiveMessages(got, 0, 2000000), 30)
            deepStrictEqual(
                got.map((message) => textOf(message).replace(/[ .]+$/, "")),
                sent.map((_, i) => `message ${i}`),
            )
            await pair.close()
        }
    })

    it("negotiates ALPN by the server's order; without a common name the handshake goes on", async () => {
        const table: [string[] | undefined, string[] | undefined, string | undefined][] = [
            [["coap", "h2"], ["h2", "coap"], "h2"],
            [["h2"], ["coap"], undefined],
            [["coap"], undefined, undefined],
            [undefined, ["coap"], undefined],
            [[], ["coap"], undefined],
        ]
        for (const [client, server, agreed] of table) {
            const pair = await Pair.make()
            pair.client.setAdvertisedProtocols(client)
            pair.server.setAdvertisedProtocols(server)
            await pair.handshake()
            pair.client.setAdvertisedProtocols(["other"])
            deepStrictEqual(
                [pair.client.getNegotiatedProtocol(), pair.server.getNegotiatedProtocol()],
                [agreed, agreed],
            )
            await pair.close()
        }
    })

    it("asks accept-certificate handlers until one accepts; none means no", async () => {
        const pair = await Pair.make()
        strictEqual(pair.client.acceptCertificate(undefined, 1), false)
        pair.client.connect("accept-certificate", () => false)
        pair.client.connect("accept-certificate", (_peer, errors) => errors === 1)
        strictEqual(pair.client.acceptCertificate(undefined, 1), true)
        await pair.close()
    })

    it("a cancelled source calls back once, and is over", async () => {
        const pair = await opened()
        const cancellable = new Cancellable()
        const source = pair.client.createSource(IOCondition.IN, cancellable)
        let count = 0
        source.setCallback(() => (count++, true))
        source.attach()
        await sleep(20)
        cancellable.cancel()
        await sleep(50)
        strictEqual(count, 1)
        strictEqual(source.isDestroyed(), true)
        await pair.close()
    })

    it("different keys: both sides say so at the deadline, with the reason", async () => {
        const pair = await Pair.make(
            (settings) => (settings.retransmission = { ...settings.retransmission, initial: 60, deadline: 900 }),
        )
        const keys = pair.server as unknown as { settings: { psk: SinglePsk } }
        keys.settings = { ...keys.settings, psk: new SinglePsk(Buffer.from("oracle"), Buffer.alloc(16, 2)) }
        const errors = await Promise.all(
            [pair.client, pair.server].map((side) => side.handshake().catch((error: GError) => error)),
        )
        for (const error of errors as GError[]) {
            strictEqual(error.domain, ErrorDomain.tls)
            strictEqual(error.code, TlsError.HANDSHAKE)
            strictEqual(error.failure?.reason, FailureReason.keyMismatch)
            ok(/Different keys/.test(error.message))
        }
        await pair.close()
    })

    it("exports keying material, equal on both sides", async () => {
        const pair = await opened()
        const material = (side: DtlsConnection): string =>
            side.exportKeyingMaterial("EXPORTER-test", Buffer.from("c"), 40).toString("hex")
        strictEqual(material(pair.client), material(pair.server))
        strictEqual(material(pair.client).length, 80)
        await pair.close()
    })
})

describe("wrong arguments get a typed error that names them", () => {
    const bad =
        (argument: string) =>
        (error: unknown): boolean =>
            error instanceof GError &&
            error.code === (IOErrorEnum.INVALID_ARGUMENT as number) &&
            error.argument === argument

    it("in every public method of a connection", async () => {
        const pair = await opened()
        // Plain JavaScript has no types: this is what it may hand over.
        const client = pair.client as unknown as Record<string, (...args: unknown[]) => unknown>
        const noop = (): void => undefined
        const table: [string, unknown[], string][] = [
            ["receiveMessages", [undefined, 0, 0], "messages"],
            ["receiveMessages", [[{}], 0, 0], "messages"],
            ["receiveMessages", [[{ vectors: ["text"] }], 0, 0], "messages"],
            ["receiveMessages", [[], 2, 0], "flags"],
            ["receiveMessages", [[], 0, "soon"], "timeout"],
            ["receiveMessages", [[into()], 0, NaN], "timeout"],
            ["receiveMessages", [[into()], 0, 0, {}], "cancellable"],
            ["sendMessages", ["text", 0, 0], "messages"],
            ["sendMessages", [[null], 0, 0], "messages"],
            ["sendMessages", [[out("x")], 4, 0], "flags"],
            ["sendMessages", [[out("x")], 0, undefined], "timeout"],
            ["sendMessages", [[out("x")], 0, 0, 7], "cancellable"],
            ["conditionCheck", ["IN"], "condition"],
            ["conditionWait", [undefined, 0], "condition"],
            ["conditionWait", [1, "0"], "timeout"],
            ["conditionWait", [1, 0, "c"], "cancellable"],
            ["createSource", [null], "condition"],
            ["handshake", ["c"], "cancellable"],
            ["handshakeAsync", ["0", undefined, noop], "io_priority"],
            ["handshakeAsync", [0, undefined, undefined], "callback"],
            ["handshakeFinish", [{}], "result"],
            ["shutdown", [1, true], "shutdown_read"],
            ["shutdown", [true, "yes"], "shutdown_write"],
            ["shutdown", [true, true, 1], "cancellable"],
            ["shutdownAsync", [true, true, 0, undefined, 5], "callback"],
            ["shutdownFinish", [undefined], "result"],
            ["closeFinish", [5], "result"],
            ["setAdvertisedProtocols", ["coap"], "protocols"],
            ["setAdvertisedProtocols", [[""]], "protocols"],
            ["setAdvertisedProtocols", [["x".repeat(256)]], "protocols"],
            ["setRequireCloseNotify", [1], "require_close_notify"],
            ["connect", ["accept", noop], "signal"],
            ["connect", ["accept-certificate", 5], "handler"],
            ["exportKeyingMaterial", ["", undefined, 16], "label"],
            ["exportKeyingMaterial", ["x", "context", 16], "context"],
            ["exportKeyingMaterial", ["x", undefined, 0], "length"],
            ["exportKeyingMaterial", ["x", undefined, 8161], "length"],
            ["exportKeyingMaterial", ["x", undefined, 1.5], "length"],
        ]
        for (const [method, args, argument] of table) {
            // eslint-disable-next-line @typescript-eslint/require-await -- turns a throw into a rejection
            const call = async (): Promise<unknown> => client[method].apply(pair.client, args)
            await rejects(call(), bad(argument), `${method} ${argument}`)
        }
        throws(() => pair.client.createSource(1).setCallback(undefined as never), bad("callback"))
        strictEqual(await pair.client.sendMessages([out("usable")], 0, -1, null as never), 1)
        await pair.close()
    })

    it("in settings, keys, and the short way in and out", async () => {
        const services = new NodeServices()
        const usual = newSettings(
            allSuites(),
            new SinglePsk(Buffer.from("a"), Buffer.from("b")),
            wifi(),
            gatewayLimits(),
        )
        const base = await services.openUdp({ remote: undefined, localHost: "127.0.0.1", localPort: 0 })
        const table: [object, string][] = [
            [{ suites: [] }, "suites"],
            [{ suites: "x" }, "suites"],
            [{ suites: [5] }, "suites"],
            [{ psk: {} }, "psk"],
            [{ limits: 5 }, "limits"],
            [{ retransmission: {} }, "retransmission"],
            [{ pathBudget: 10 }, "pathBudget"],
            [{ pathBudget: NaN }, "pathBudget"],
            [{ keyLog: 5 }, "keyLog"],
        ]
        for (const [change, argument] of table) {
            const settings = { ...usual, ...change }
            throws(() => new DtlsClientConnection(services, base, settings, undefined), bad(argument))
            throws(() => new DtlsListener(services, base, settings), bad(argument))
            const psk = { identity: "a", key: Buffer.from("b") }
            if (argument !== "limits") await rejects(connect("127.0.0.1", 5684, { psk, ...change }), bad(argument))
        }
        throws(() => new SinglePsk("a" as never, Buffer.alloc(1)), bad("identity"))
        throws(() => new SinglePsk(Buffer.alloc(1), "b" as never), bad("key"))
        const psk = { identity: "a", key: Buffer.from("b") }
        await rejects(connect("127.0.0.1", 70000, { psk }), bad("port"))
        await rejects(listen("x" as never, { psk }), bad("port"))
        await rejects(listen(0, { psk }, "localhost"), bad("host"))
        base.close()
    })

    it("a key log that throws costs the log, not the handshake", async () => {
        const pair = await opened((settings) => {
            settings.keyLog = () => {
                throw new Error("disk full")
            }
        })
        strictEqual(pair.client.getProtocolVersion(), TlsProtocolVersion.DTLS_1_2)
        await pair.close()
    })

    it("in the UDP socket and the storage", async () => {
        const services = new NodeServices()
        const open = (options: Partial<UdpOptions>): Promise<UdpSocket> =>
            services.openUdp({ remote: undefined, localHost: undefined, localPort: 0, ...options })
        await rejects(open({ localPort: 70000 }), bad("localPort"))
        await rejects(open({ localHost: "localhost" }), bad("localHost"))
        await rejects(open({ remote: { address: "example", port: 1 } }), bad("remote"))
        await rejects(open({ remote: { address: "127.0.0.1", port: 0 } }), bad("remote"))
        const one = await open({ localHost: "127.0.0.1" })
        await rejects(open({ localHost: "127.0.0.1", localPort: one.localAddress().port }), {
            code: IOErrorEnum.ADDRESS_IN_USE,
        })
        await rejects(open({ localHost: "192.0.2.1" }), { code: IOErrorEnum.NOT_FOUND })
        one.close()
        await rejects(services.resolve("no-such-host.invalid"), { code: IOErrorEnum.HOST_NOT_FOUND })
        await rejects(services.storage.save("../escape", Buffer.alloc(1)), bad("name"))
    })
})

describe("a listener", () => {
    async function listening(): Promise<{
        services: NodeServices
        socket: UdpSocket
        listener: DtlsListener
        newClient: () => Promise<DtlsClientConnection>
    }> {
        const services = new NodeServices()
        const settings = newSettings(
            allSuites(),
            new SinglePsk(Buffer.from("me"), Buffer.alloc(16, 1)),
            wifi(),
            gatewayLimits(),
        )
        const socket = await services.openUdp({ remote: undefined, localHost: "127.0.0.1", localPort: 0 })
        const listener = new DtlsListener(services, socket, settings)
        const newClient = async (): Promise<DtlsClientConnection> => {
            const base = await services.openUdp({ remote: socket.localAddress(), localHost: undefined, localPort: 0 })
            return new DtlsClientConnection(services, base, settings, undefined)
        }
        return { services, socket, listener, newClient }
    }

    it("gives each of many clients on one socket its own connection", async () => {
        const { socket, listener, newClient } = await listening()
        const clients = await Promise.all(Array.from({ length: 20 }, newClient))
        await Promise.all(clients.map((client) => client.handshake()))
        const servers = []
        for (let i = 0; i < 20; i++) servers.push(await listener.accept(1000000))
        await rejects(listener.accept(0), { code: IOErrorEnum.WOULD_BLOCK })
        await rejects(listener.accept(20000), { code: IOErrorEnum.TIMED_OUT })
        await Promise.all(clients.map((client, i) => client.sendMessages([out(`client ${i}`)], 0, -1)))
        const texts = await Promise.all(
            servers.map(async (server) => {
                const message = into()
                await server.receiveMessages([message], 0, -1)
                return textOf(message)
            }),
        )
        strictEqual(new Set(texts).size, 20)
        await listener.close()
        const message = into()
        strictEqual(await clients[0].receiveMessages([message], 0, 1000000), 0)
        for (const client of clients) {
            await client.close()
            ;(client.getBaseSocket() as UdpSocket).close()
        }
        socket.close()
    })

    it("gives two concurrent accepts one client each, and CLOSED to those who wait at its end", async () => {
        const { socket, listener, newClient } = await listening()
        const accepts = [listener.accept(-1), listener.accept(-1)].map((work) => work.then(() => "client", errorName))
        const client = await newClient()
        await client.handshake()
        await sleep(50)
        await listener.close()
        deepStrictEqual((await Promise.all(accepts)).sort(), ["G_IO_ERROR_CLOSED", "client"])
        await client.close()
        ;(client.getBaseSocket() as UdpSocket).close()
        socket.close()
    })

    it("sends what stands behind a datagram that the base refuses", async () => {
        const pair = await opened()
        const { sendMessages } = pair.clientBase
        let calls = 0
        pair.clientBase.sendMessages = async (messages, ...rest) => {
            calls++
            // The first call takes one of three, the second refuses the next.
            if (calls === 2) throw new GError(ErrorDomain.io, IOErrorEnum.NETWORK_UNREACHABLE, "down")
            const taken = calls === 1 ? messages.slice(0, 1) : messages
            return await sendMessages.call(pair.clientBase, taken, ...rest)
        }
        await pair.client.sendMessages([out("one"), out("lost"), out("three")], 0, -1)
        const messages = [into(), into()]
        strictEqual(await pair.server.receiveMessages(messages, 0, 1000000), 2)
        deepStrictEqual(messages.map(textOf), ["one", "three"])
        await pair.close()
    })

    it("goes on after datagrams that cannot be answered", async () => {
        const { socket, listener, newClient } = await listening()
        const { sendMessages } = socket
        let failures = 3
        socket.sendMessages = (...args) => {
            if (failures-- > 0)
                return Promise.reject(new GError(ErrorDomain.io, IOErrorEnum.NETWORK_UNREACHABLE, "down"))
            return sendMessages.apply(socket, args)
        }
        const client = await newClient()
        ok(await client.handshake())
        ok(failures < 0)
        await client.close()
        ;(client.getBaseSocket() as UdpSocket).close()
        await listener.close()
        socket.close()
    }).timeout(20000)
})
