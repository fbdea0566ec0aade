import { deepStrictEqual, ok, rejects, strictEqual, throws } from "node:assert/strict"
import { type AsyncResult } from "../../../src/gio/async-result.js"
import { Cancellable } from "../../../src/gio/cancellable.js"
import { DtlsClientConnection } from "../../../src/gio/dtls-client-connection.js"
import { type DtlsConnection } from "../../../src/gio/dtls-connection.js"
import { DtlsListener } from "../../../src/gio/dtls-listener.js"
import { IOCondition, TlsChannelBindingType, TlsProtocolVersion } from "../../../src/gio/enums.js"
import {
    ErrorDomain,
    GError,
    IOErrorEnum,
    isIoError,
    TlsChannelBindingError,
    TlsError,
} from "../../../src/gio/errors.js"
import { SinglePsk } from "../../../src/gio/credentials.js"
import { type DtlsSettings, newSettings } from "../../../src/gio/settings.js"
import { type Association } from "../../../src/dtls/association/association.js"
import {
    allSuites,
    TLS_PSK_WITH_AES_128_CCM,
    TLS_PSK_WITH_AES_128_CCM_8,
} from "../../../src/dtls/key-exchange/suites.js"
import { FailureReason } from "../../../src/dtls/handshake/failure.js"
import { gatewayLimits } from "../../../src/dtls/handshake/limits.js"
import { wifi } from "../../../src/dtls/flight/retransmission.js"
import { NodeServices } from "../../../src/platform/node/services.js"
import { type UdpSocket } from "../../../src/platform/services.js"
import { sleep } from "../../interop/process.js"
import { errorName, Pair } from "../../oracle/pair.js"
import { into, opened, out, textOf } from "../../support/gio.js"
import { TestAuthority } from "../../support/test-authority.js"

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
    it("has GIO's properties: unknown before the handshake, set after it, and kept after the close", async () => {
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

    it("handshakeAsync calls back in a later turn; a second one, and a concurrent handshake(), get PENDING", async () => {
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

    it("shutdownAsync and closeAsync finish, even twice at once; a cancelled one gets CANCELLED", async () => {
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

    it("queues a second receive behind the first: each gets its own message, in order", async () => {
        const pair = await opened()
        const [first, second] = [into(), into()]
        const reads = [pair.client.receiveMessages([first], 0, -1), pair.client.receiveMessages([second], 0, -1)]
        await sleep(20)
        await pair.server.sendMessages([out("one"), out("two")], 0, -1)
        deepStrictEqual(await Promise.all(reads), [1, 1])
        deepStrictEqual([textOf(first), textOf(second)].sort(), ["one", "two"])
        await pair.close()
    })

    it("gives two receives at once the two messages that are there already", async () => {
        const pair = await opened()
        await pair.server.sendMessages([out("one"), out("two")], 0, -1)
        await sleep(50)
        const targets = [into(), into()]
        const reads = targets.map((target) => pair.client.receiveMessages([target], 0, 2000000))
        deepStrictEqual(await Promise.all(reads), [1, 1])
        deepStrictEqual(targets.map(textOf), ["one", "two"])
        await pair.close()
    })

    it("sends the messages before one that is too large, and says how many", async () => {
        const pair = await opened()
        const large = out("x".repeat(20000))
        strictEqual(await pair.client.sendMessages([out("first"), large, out("last")], 0, -1), 1)
        const message = into()
        strictEqual(await pair.server.receiveMessages([message], 0, 2000000), 1)
        strictEqual(textOf(message), "first")
        await rejects(pair.client.sendMessages([large, out("last")], 0, -1), { code: IOErrorEnum.MESSAGE_TOO_LARGE })
        await pair.close()
    })

    it("can be read at the end of the stream: waiting for IN ends, and a receive returns 0", async () => {
        const pair = await opened()
        const waiting = pair.client.conditionWait(IOCondition.IN, 2000000)
        await pair.server.close()
        strictEqual(await waiting, true)
        strictEqual(await pair.client.receiveMessages([into()], 0, 2000000), 0)
        await pair.close()
    })

    it("a Cancellable that is cancelled twice calls its handlers once, and later ones at once", () => {
        const cancellable = new Cancellable()
        const called: string[] = []
        cancellable.connect(() => void called.push("before"))
        const gone = cancellable.connect(() => void called.push("disconnected"))
        cancellable.disconnect(gone)
        cancellable.cancel()
        cancellable.cancel()
        cancellable.connect(() => void called.push("after"))
        deepStrictEqual(called, ["before", "after"])
        cancellable.reset()
        strictEqual(cancellable.isCancelled(), false)
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

    it("[D13] keeps unread messages within the queue's limits, and counts what it drops", async () => {
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
            strictEqual(await pair.server.receiveMessages(got, 0, 9000000), 30)
            deepStrictEqual(
                got.map((message) => textOf(message).replace(/[ .]+$/, "")),
                sent.map((_, i) => `message ${i}`),
            )
            await pair.close()
        }
    })

    it("negotiates ALPN by the server's order; without a common protocol the handshake continues", async () => {
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

    it("asks accept-certificate handlers until one accepts; without any the answer is no", async () => {
        const pair = await Pair.make()
        const peer = TestAuthority.get().certificate(pair.services, "server")
        strictEqual(await pair.client.acceptCertificate(peer, 1), false)
        pair.client.connect("accept-certificate", () => false)
        pair.client.connect("accept-certificate", (shown, errors) => Promise.resolve(shown === peer && errors === 1))
        strictEqual(await pair.client.acceptCertificate(peer, 1), true)
        await pair.close()
    })

    it("a cancelled source calls back once, and ends", async () => {
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

    it("different keys: both sides report them at the deadline, with the reason", async () => {
        const pair = await Pair.make(
            (settings) => (settings.retransmission = { ...settings.retransmission, initial: 60, deadline: 900 }),
        )
        const keys = pair.server as unknown as { settings: { credentials: SinglePsk } }
        keys.settings = { ...keys.settings, credentials: new SinglePsk(Buffer.from("oracle"), Buffer.alloc(16, 2)) }
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

    it("[H27] exports 1 to 8160 bytes of keying material, equal on both sides; none before the handshake and after the end", async () => {
        const pair = await Pair.make()
        const material = (side: DtlsConnection, length: number): string =>
            side.exportKeyingMaterial("EXPORTER-test", Buffer.from("c"), length).toString("hex")
        const none = (error: unknown): boolean => isIoError(error, IOErrorEnum.NOT_SUPPORTED)
        throws(() => material(pair.client, 1), none)
        await pair.handshake()
        for (const length of [1, 40, 8160]) {
            strictEqual(material(pair.client, length), material(pair.server, length))
            strictEqual(material(pair.client, length).length, 2 * length)
        }
        await pair.close()
        throws(() => material(pair.client, 1), none)
    })

    it("[H28 part] tls-unique and tls-exporter are NOT_AVAILABLE without extended master secret (RFC 7627 §1, RFC 9266 §2)", async () => {
        const pair = await opened()
        const { UNIQUE, EXPORTER } = TlsChannelBindingType
        for (const type of [UNIQUE, EXPORTER])
            deepStrictEqual(pair.client.getBindingData(type), pair.server.getBindingData(type))
        const { parameters } = pair.client.getAssociation() as Association
        // As if extended master secret had not been negotiated.
        parameters.extendedMasterSecret = false
        for (const type of [UNIQUE, EXPORTER])
            throws(
                () => pair.client.getBindingData(type),
                (error: GError) => error.matches(ErrorDomain.channelBinding, TlsChannelBindingError.NOT_AVAILABLE),
            )
        await pair.close()
    })

    it("[P10] a failure has a reason and alert in words", async () => {
        const pair = await Pair.make()
        const server = pair.server as unknown as { settings: DtlsSettings }
        server.settings = { ...server.settings, suites: [TLS_PSK_WITH_AES_128_CCM()] }
        const client = pair.client as unknown as { settings: DtlsSettings }
        client.settings = { ...client.settings, suites: [TLS_PSK_WITH_AES_128_CCM_8()] }
        const [theirs, ours] = (await Promise.all(
            [pair.client, pair.server].map((side) => side.handshake().catch((error: GError) => error)),
        )) as GError[]
        strictEqual(
            ours.message,
            "The connection failed: no cipher suite or version in common, alert handshake_failure (40)",
        )
        strictEqual(theirs.message, "The peer sent a fatal alert, handshake_failure (40)")
        await pair.close()
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
        for (let i = 0; i < 20; i++) servers.push(await listener.accept(9000000))
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
        strictEqual(await clients[0].receiveMessages([message], 0, 9000000), 0)
        for (const client of clients) {
            await client.close()
            ;(client.getBaseSocket() as UdpSocket).close()
        }
        socket.close()
    })

    it("gives two concurrent accepts one client each, and CLOSED to pending ones when it ends", async () => {
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

    it("sends what is queued behind a datagram that the base socket refuses", async () => {
        const pair = await opened()
        const { sendMessages } = pair.clientBase
        let calls = 0
        pair.clientBase.sendMessages = async (messages, ...rest) => {
            calls++
            // The first call takes one of three messages, and the second call refuses the next.
            if (calls === 2) throw new GError(ErrorDomain.io, IOErrorEnum.NETWORK_UNREACHABLE, "down")
            const taken = calls === 1 ? messages.slice(0, 1) : messages
            return await sendMessages.call(pair.clientBase, taken, ...rest)
        }
        await pair.client.sendMessages([out("one"), out("lost"), out("three")], 0, -1)
        const messages = [into(), into()]
        strictEqual(await pair.server.receiveMessages(messages, 0, 9000000), 2)
        deepStrictEqual(messages.map(textOf), ["one", "three"])
        await pair.close()
    })

    it("continues after datagrams that cannot be answered", async () => {
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
