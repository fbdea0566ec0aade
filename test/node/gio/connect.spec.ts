import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict"
import { createSocket } from "node:dgram"
import { once } from "node:events"
import { TLS_PSK_WITH_AES_128_CCM_8, TLS_PSK_WITH_AES_128_GCM_SHA256 } from "../../../src/dtls/key-exchange/suites.js"
import { TLS_AES_128_CCM_SHA256, TLS_AES_256_GCM_SHA384 } from "../../../src/dtls/handshake/v13/suites.js"
import { wifi } from "../../../src/dtls/flight/retransmission.js"
import { FailureReason } from "../../../src/dtls/handshake/failure.js"
import { type PskAnswer, QuestionKind } from "../../../src/dtls/handshake/question.js"
import {
    connect,
    type ConnectOptions,
    type DiagnosticEvent,
    DtlsError,
    type DtlsServer,
    type DtlsSocket,
    GError,
    type ImportedPsk,
    IOErrorEnum,
    listen,
    type ListenOptions,
    NodeServices,
} from "../../../src/index.js"
import { LOOPBACK, psk, withPair } from "../../support/connect-pair.js"

/** Runs `use` with a UDP port that receives datagrams and never answers. */
async function withSilence(use: (port: number) => Promise<void>): Promise<void> {
    const socket = createSocket("udp4").bind(0, LOOPBACK)
    await once(socket, "listening")
    await use(socket.address().port)
    socket.close()
}

async function thrown(promise: Promise<unknown>): Promise<DtlsError> {
    return await promise.then(
        () => Promise.reject(new Error("nothing was thrown")),
        (error: unknown) => error as DtlsError,
    )
}

async function until(condition: () => boolean): Promise<void> {
    for (let i = 0; i < 200 && !condition(); i++) await new Promise((resolve) => setTimeout(resolve, 20))
    ok(condition())
}

describe("connect and listen: waiting", () => {
    it("an AbortSignal ends connect, accept and receive with AbortError, whose cause is the reason", async () => {
        const aborted = { name: "AbortError", code: "ABORT_ERR", cause: "enough" }
        await withSilence(async (port) => {
            const controller = new AbortController()
            setTimeout(() => controller.abort("enough"), 30)
            await rejects(connect(LOOPBACK, port, { psk, signal: controller.signal }), aborted)
            await rejects(connect(LOOPBACK, port, { psk, signal: AbortSignal.abort("enough") }), aborted)
        })
        await withPair({}, async (client, _accepted, server) => {
            for (const wait of [server.accept.bind(server), client.receive.bind(client)]) {
                const controller = new AbortController()
                const waiting = wait({ signal: controller.signal })
                controller.abort("enough")
                await rejects(waiting, aborted)
            }
        })
    })

    it("timeout ends connect, accept and receive with ERR_DTLS_TIMED_OUT", async () => {
        const late = { code: "ERR_DTLS_TIMED_OUT", message: "nothing came within 30 ms" }
        await withSilence((port) => rejects(connect(LOOPBACK, port, { psk, timeout: 30 }), late))
        await withPair({}, async (client, _accepted, server) => {
            await rejects(client.receive({ timeout: 30 }), late)
            await rejects(server.accept({ timeout: 30 }), late)
            await client.send("still there", { timeout: 30 })
        })
    })

    it("a message that arrived while nobody waited is not lost to a wait that was aborted", async () => {
        await withPair({}, async (client, accepted) => {
            await rejects(accepted.receive({ signal: AbortSignal.timeout(10) }))
            await client.send("one")
            strictEqual(String(await accepted.receive({ timeout: 2000 })), "one")
        })
    })

    it("iteration over messages ends with the peer's close, over clients with the server's", async () => {
        await withPair({}, async (client, accepted, server) => {
            await client.sendAll(["a", new Uint8Array([98]), Buffer.from("c")])
            await client.close()
            const texts: string[] = []
            for await (const message of accepted) texts.push(String(message))
            deepStrictEqual(texts, ["a", "b", "c"])
            setTimeout(() => void server.close(), 10)
            for await (const client of server) strictEqual(client, undefined)
        })
    })

    it("await using closes a client and a server", async () => {
        let accepted: DtlsSocket
        let server: DtlsServer
        {
            await using scoped = await listen(0, { psk }, LOOPBACK)
            server = scoped
            {
                await using client = await connect(LOOPBACK, scoped.port, { psk })
                await client.send("x")
                accepted = await scoped.accept()
            }
            strictEqual(String(await accepted.receive()), "x")
            strictEqual(await accepted.receive({ timeout: 2000 }), undefined)
        }
        await rejects(server.accept(), { code: "ERR_DTLS_CLOSED" })
    })
})

describe("connect and listen: options", () => {
    it("an unknown option is refused by name, in every call", async () => {
        const unknown = (argument: string): object => ({ code: "ERR_DTLS_INVALID_ARGUMENT", argument })
        await rejects(connect(LOOPBACK, 1, { psk, chiper: 1 } as never), unknown("chiper"))
        await rejects(listen(0, { psk, signal: undefined } as never, LOOPBACK), unknown("signal"))
        await rejects(connect(LOOPBACK, 1, { psk: { ...psk, hint: "x" } as never }), unknown("hint"))
        await rejects(listen(0, { psk, limits: { peer: 1 } as never }), unknown("limits.peer"))
        await rejects(listen(0, { psk, limits: { peers: "1" } as never }), unknown("limits.peers"))
        await rejects(listen(0, { psk, coalesce: 1 as never }), unknown("coalesce"))
        await rejects(connect(LOOPBACK, 1, { psk, timeout: -1 }), unknown("timeout"))
        await rejects(connect(LOOPBACK, 1, { psk, signal: {} as never }), unknown("signal"))
        await withPair({}, async (client, _accepted, server) => {
            await rejects(client.receive({ timout: 1 } as never), unknown("timout"))
            await rejects(client.send("x", { timeout: NaN }), unknown("timeout"))
            await rejects(server.accept({ sginal: 1 } as never), unknown("sginal"))
            await rejects(client.send(5 as never), unknown("message"))
        })
    })

    it("hosts may be names, IPv6 addresses in brackets, and coaps:// with a port", async () => {
        await using server = await listen(0, { psk }, "[::1]")
        for (const host of ["::1", "[::1]"]) await (await connect(host, server.port, { psk })).close()
        await using client = await connect(`coaps://[::1]:${server.port}`, { psk })
        strictEqual(client.remoteAddress, "::1")
        const bad = { code: "ERR_DTLS_INVALID_ARGUMENT" }
        await rejects(connect("coaps://[::1]/readings", { psk }), { ...bad, argument: "host" })
        await rejects(connect("coaps://:1", { psk }), { ...bad, argument: "uri" })
        await rejects(connect("", 1, { psk }), { ...bad, argument: "host" })
        await rejects(connect("::1", { psk }), { ...bad, argument: "port" })
        await rejects(connect("coap://[::1]", { psk }), { ...bad, argument: "uri" })
    })

    it("that are unusable name the option: none at all, a name as address, services without sockets, unusable identities", async () => {
        const wrong = async (argument: string, options: unknown): Promise<void> => {
            const expected = { code: "ERR_DTLS_INVALID_ARGUMENT", argument }
            await rejects(connect(LOOPBACK, 1, options as ConnectOptions), expected)
        }
        await wrong("options", null)
        await wrong("localAddress", { psk, localAddress: "localhost" })
        await wrong("services", { psk, services: {} })
        await wrong("timeout", { psk, timeout: "5" })
        await wrong("psk", { psk: { ...psk, identity: "a".repeat(65536) } })
        await wrong("psk", { psk: { ...psk, identity: "" }, maxVersion: "1.3" })
        await wrong("psk", { psk: [psk, { ...psk, identity: "a".repeat(16385) }], minVersion: "1.3" })
    })

    it("are passed to the engine: hint, limits, extended master secret, key log, suites", async () => {
        const lines: string[] = []
        const hints: string[] = []
        const keys = {
            answer: (question: { kind: QuestionKind; hint?: Buffer | undefined }): Promise<PskAnswer | undefined> => {
                hints.push(String(question.hint))
                return Promise.resolve({ identity: Buffer.from("sensor1"), key: Buffer.from(psk.key) })
            },
        }
        const options = { psk, pskIdentityHint: "fleet", limits: { peers: 1 }, requireExtendedMasterSecret: true }
        await using server = await listen(0, options, LOOPBACK)
        const suites = [TLS_PSK_WITH_AES_128_CCM_8()]
        const keyLog = (line: string): void => void lines.push(line)
        const given = { psk: keys, suites, keyLog, requireExtendedMasterSecret: true, pathBudget: 500 }
        await using client = await connect(LOOPBACK, server.port, given)
        strictEqual(client.dtls.getAssociation()?.settings.pathBudget, 500)
        deepStrictEqual(hints, ["fleet"])
        ok(/^CLIENT_RANDOM/.test(lines[0]))
        strictEqual(client.negotiated.suite, "TLS_PSK_WITH_AES_128_CCM_8")
        const first = await server.accept()
        await using second = await connect(LOOPBACK, server.port, { psk })
        strictEqual(second.negotiated.extendedMasterSecret, true)
        await rejects(first.receive({ timeout: 2000 }), { code: "ERR_DTLS_CLOSED" })
    })
})

describe("connect and listen: what a connection reports", () => {
    it("addresses of both sides, the peer's identity and what was negotiated", async () => {
        const options = { protocols: ["coap"], connectionId: 4 }
        await withPair(options, async (client, accepted, server) => {
            strictEqual(client.remotePort, server.port)
            strictEqual(client.remoteAddress, LOOPBACK)
            strictEqual(accepted.remoteAddress, client.localAddress)
            strictEqual(accepted.remotePort, client.localPort)
            strictEqual(accepted.localPort, server.port)
            strictEqual(accepted.localAddress, LOOPBACK)
            strictEqual(String(accepted.peerIdentity), "sensor1")
            strictEqual(client.peerIdentity, undefined)
            const { version, protocol, extendedMasterSecret, connectionIds } = client.negotiated
            deepStrictEqual([version, protocol, extendedMasterSecret], ["DTLSv1.2", "coap", true])
            strictEqual(connectionIds?.local.length, 4)
            deepStrictEqual(accepted.negotiated.connectionIds?.remote, connectionIds.local)
            await Promise.resolve()
        })
        await withPair({}, async (client) => {
            strictEqual(client.negotiated.connectionIds, undefined)
            strictEqual(client.negotiated.protocol, undefined)
            await Promise.resolve()
        })
    })

    it("errors have a textual code, and GIO's error as cause", async () => {
        const closed = createSocket("udp4").bind(0, LOOPBACK)
        await once(closed, "listening")
        const { port } = closed.address()
        closed.close()
        const refused = await thrown(connect(LOOPBACK, port, { psk }))
        ok(refused instanceof DtlsError && refused.cause instanceof GError)
        strictEqual(refused.code, "ERR_DTLS_CONNECTION_REFUSED")
        strictEqual(refused.cause.code, IOErrorEnum.CONNECTION_REFUSED)
        await withPair({}, async (client) => {
            const large = await thrown(client.send(Buffer.alloc(20000)))
            strictEqual(large.code, "ERR_DTLS_MESSAGE_TOO_LARGE")
        })
        await using server = await listen(0, { psk, alertOnKeyMismatch: true }, LOOPBACK)
        const wrong = await thrown(connect(LOOPBACK, server.port, { psk: { ...psk, key: Buffer.alloc(16) } }))
        deepStrictEqual([wrong.code, wrong.reason, wrong.alert], ["ERR_DTLS_HANDSHAKE", "peerAlert", "decryptError"])
    })
})

describe("connect and listen: diagnostics of a server", () => {
    const impatient = { ...wifi(), initial: 100, deadline: 1000 }

    async function refusalsOf(
        keys: ListenOptions["psk"],
        client: { identity: string; key: Uint8Array },
    ): Promise<{ events: DiagnosticEvent[]; port: number }> {
        const events: DiagnosticEvent[] = []
        const onDiagnostic = (event: DiagnosticEvent): void => void events.push(event)
        await using server = await listen(0, { psk: keys, retransmission: impatient, onDiagnostic }, LOOPBACK)
        const options = { psk: client, retransmission: impatient, localPort: 0 }
        await rejects(connect(LOOPBACK, server.port, options))
        await until(() =>
            events.some(({ identity, remoteAddress }) => identity !== undefined && remoteAddress !== undefined),
        )
        return { events, port: server.port }
    }

    it("an unknown identity is distinguished from a wrong key, with identity and address", async () => {
        const lookup = (identity: Buffer): Uint8Array | undefined =>
            String(identity) === "sensor1" ? psk.key : undefined
        for (const [client, code] of [
            [{ identity: "stranger", key: psk.key }, "unknownIdentity"],
            [{ identity: "sensor1", key: Buffer.alloc(16) }, "keyMismatch"],
        ] as const) {
            const { events } = await refusalsOf(lookup, client)
            const at = events.findIndex((event) => event.code === code)
            const first = events[at]
            strictEqual(String(first.identity), client.identity)
            strictEqual(first.remoteAddress?.address, LOOPBACK)
            // Later events of the same handshake are not reported.
            deepStrictEqual(
                events.slice(at).map((event) => event.code),
                [code],
            )
        }
    })

    it("psk: a client of DTLS 1.3 with several, of which the server picks the one that it knows, imported or not", async () => {
        const stranger = { identity: "stranger", key: Buffer.alloc(16, 7) }
        const own = (socket: DtlsSocket): string | undefined =>
            socket.dtls.getAssociation()?.parameters.identity.toString()
        for (const importedPsk of [undefined, { context: "gateway" }]) {
            const options = { minVersion: "1.3", importedPsk } as const
            await using server = await listen(0, { psk, ...options }, LOOPBACK)
            await using socket = await connect(LOOPBACK, server.port, { psk: [stranger, psk], ...options })
            strictEqual(own(socket), psk.identity)
        }
        await using older = await listen(0, { psk }, LOOPBACK)
        await using first = await connect(LOOPBACK, older.port, { psk: [psk, stranger], maxVersion: "1.3" })
        deepStrictEqual([own(first), first.negotiated.version], [psk.identity, "DTLSv1.2"])
        for (const wrong of [
            [],
            Array<typeof psk>(5).fill(psk),
            [psk, psk],
            [psk, { ...stranger, key: Buffer.alloc(0) }],
        ])
            await rejects(connect(LOOPBACK, 1, { psk: wrong, minVersion: "1.3" }), /psk: /)
        await rejects(connect(LOOPBACK, 1, { psk: [psk, stranger] }), /psk: .*maxVersion is "1\.3"/)
    })

    it("importedPsk: both sides import their key (RFC 9258), for suites of either hash; with a side that does not no key is shared", async () => {
        const importedPsk = { context: "gateway and sensor", hash: "SHA-384" } as const
        const options = { psk, minVersion: "1.3", importedPsk, retransmission: impatient } as const
        for (const suite of [TLS_AES_128_CCM_SHA256(), TLS_AES_256_GCM_SHA384()]) {
            await using server = await listen(0, { ...options, suites: [suite] }, LOOPBACK)
            await using client = await connect(LOOPBACK, server.port, options)
            const accepted = await server.accept()
            strictEqual(client.negotiated.suite, suite.name)
            strictEqual(String(accepted.peerIdentity), psk.identity)
            await client.send("up")
            strictEqual(String(await accepted.receive({ timeout: 2000 })), "up")
            await rejects(connect(LOOPBACK, server.port, { ...options, importedPsk: undefined }), DtlsError)
        }
        for (const wrong of [
            { psk, importedPsk },
            { ...options, importedPsk: { hash: "MD5" as "SHA-256" } },
            { ...options, importedPsk: { context: Buffer.alloc(65536) } },
            { ...options, importedPsk: { of: "sensor1" as unknown as () => undefined } },
        ])
            await rejects(listen(0, wrong, LOOPBACK), /importedPsk/)
    })

    it("importedPsk.of: a server imports each identity's key in its own way, and the others in the usual one", async () => {
        const { key } = psk
        const of = (identity: Buffer): ImportedPsk | undefined =>
            String(identity) === "usual" ? undefined : { context: `${String(identity)} and gateway`, hash: "SHA-384" }
        const options = { minVersion: "1.3", retransmission: impatient } as const
        const importedPsk = { context: "all", of }
        await using server = await listen(0, { ...options, psk: () => key, importedPsk }, LOOPBACK)
        const said = async (identity: string, imported: ImportedPsk): Promise<string | undefined> => {
            const given = { ...options, psk: { identity, key }, importedPsk: imported }
            await using client = await connect(LOOPBACK, server.port, given)
            const accepted = await server.accept({ timeout: 2000 })
            await client.send("up")
            return `${String(accepted.peerIdentity)} ${String(await accepted.receive({ timeout: 2000 }))}`
        }
        strictEqual(await said("usual", { context: "all" }), "usual up")
        for (const identity of ["one", "two"])
            strictEqual(await said(identity, { context: `${identity} and gateway`, hash: "SHA-384" }), `${identity} up`)
        await rejects(said("one", { context: "two and gateway", hash: "SHA-384" }), DtlsError)
        await rejects(said("one", { context: "all" }), DtlsError)
    })

    it("a wrong key is keyMismatch for the client, in both versions", async () => {
        for (const version of ["1.2", "1.3"] as const) {
            const options = { retransmission: impatient, minVersion: version, maxVersion: version }
            await using server = await listen(0, { psk, ...options }, LOOPBACK)
            const wrong = { identity: "sensor1", key: Buffer.alloc(16) }
            await rejects(connect(LOOPBACK, server.port, { psk: wrong, ...options }), (error: DtlsError) => {
                strictEqual(error.code, "ERR_DTLS_HANDSHAKE")
                return error.reason === "keyMismatch"
            })
        }
    })

    it("a PSK source that throws is reported with its error; the error's message is in no log", async () => {
        const lines: string[] = []
        const services = new NodeServices({ log: (_level, line) => void lines.push(line) })
        const failure = new Error("database password: swordfish")
        const failing = (): never => {
            throw failure
        }
        const { events } = await refusalsOf(failing, psk)
        const refusals = events.filter(({ identity }) => identity !== undefined)
        deepStrictEqual(
            refusals.slice(0, 2).map(({ code, identity }) => [code, String(identity)]),
            [
                ["credentialsFailed", "sensor1"],
                ["unknownIdentity", "sensor1"],
            ],
        )
        strictEqual(refusals[0].error, failure)
        ok(events.every(({ message }) => !message.includes("swordfish")))
        // Without a handler for diagnostics the log reports the failure.
        await using server = await listen(0, { psk: failing, services }, LOOPBACK)
        await rejects(connect(LOOPBACK, server.port, { psk, retransmission: impatient }))
        ok(
            lines.some((line) => line.includes("cryptography failed")),
            lines.join(),
        )
        ok(lines.every((line) => !line.includes("swordfish")))
    })

    it("a handshake that fails before any key is reported with its reason", async () => {
        const events: DiagnosticEvent[] = []
        const onDiagnostic = (event: DiagnosticEvent): void => void events.push(event)
        await using server = await listen(0, { psk, suites: [TLS_PSK_WITH_AES_128_CCM_8()], onDiagnostic }, LOOPBACK)
        const suites = [TLS_PSK_WITH_AES_128_GCM_SHA256()]
        await rejects(connect(LOOPBACK, server.port, { psk, suites, retransmission: impatient }))
        await until(() => events.some(({ code }) => code === "handshakeFailed"))
        const { failure, remoteAddress } = events.find(({ code }) => code === "handshakeFailed") as DiagnosticEvent
        strictEqual(failure?.reason, FailureReason.nothingInCommon)
        strictEqual(remoteAddress?.address, LOOPBACK)
    })
})
