import { deepStrictEqual, ok, strictEqual } from "node:assert/strict"
import { inspect } from "node:util"
import { Diagnostic } from "../../../src/dtls/association/output.js"
import { allSuites } from "../../../src/dtls/key-exchange/suites.js"
import { type RetransmissionProfile, wifi } from "../../../src/dtls/flight/retransmission.js"
import { FailureReason } from "../../../src/dtls/handshake/failure.js"
import { gatewayLimits } from "../../../src/dtls/handshake/limits.js"
import { type PskAnswer, type Question, QuestionKind } from "../../../src/dtls/handshake/question.js"
import { DtlsClientConnection } from "../../../src/gio/dtls-client-connection.js"
import { DtlsListener } from "../../../src/gio/dtls-listener.js"
import { type GError } from "../../../src/gio/errors.js"
import { type Credentials, SinglePsk } from "../../../src/gio/credentials.js"
import { newSettings } from "../../../src/gio/settings.js"
import { connect, type DtlsSocket, listen } from "../../../src/index.js"
import { secretFromHex } from "../../../src/platform/node/secret.js"
import { NodeServices } from "../../../src/platform/node/services.js"
import { parsePsk, PskStore } from "../../../host/credentials.js"
import { Pair } from "../../oracle/pair.js"
import { exposures, shows } from "../../support/reachable.js"
import { SpyCrypto } from "../../support/spy-crypto.js"

/** Gives up an unsuccessful handshake soon. */
const impatient: RetransmissionProfile = { ...wifi(), initial: 50, deadline: 400 }

/** In memory of its own: the library cannot hide what a caller's Buffer exposes. */
function ownKey(fill: number): Buffer {
    const key = Buffer.alloc(16)
    for (let i = 0; i < key.length; i++) key[i] = fill + 7 * i
    return key
}

interface Attempt {
    error: GError
    accepted: boolean
    work: SpyCrypto["calls"]
    diagnostics: Diagnostic[]
}

/** One handshake with a server that knows only "sensor1" and `key`. */
async function attempt(identity: string, clientKey: Buffer, key: Buffer): Promise<Attempt> {
    const diagnostics: Diagnostic[] = []
    const pair = await Pair.make((settings) => {
        settings.retransmission = impatient
        settings.credentials = new SinglePsk(Buffer.from("sensor1"), key)
        settings.onDiagnostic = (diagnostic) => void diagnostics.push(diagnostic)
    })
    const client = pair.client as unknown as { settings: { credentials: Credentials } }
    client.settings = { ...client.settings, credentials: new SinglePsk(Buffer.from(identity), clientKey) }
    const spy = new SpyCrypto()
    const serverSide = pair.server as unknown as { services: NodeServices }
    serverSide.services = Object.assign(new NodeServices({ log: () => undefined }), { crypto: spy })
    let accepted = false
    pair.server.handshake().then(
        () => (accepted = true),
        () => undefined,
    )
    const error = await pair.client.handshake().then(
        () => undefined,
        (reason: GError) => reason,
    )
    await pair.close()
    return { error: error as GError, accepted, work: spy.calls, diagnostics }
}

describe("identities", () => {
    const key = ownKey(1)

    it("a server with a single key refuses another identity that has the right key, as silently as a wrong key", async () => {
        const unknown = await attempt("admin", key, key)
        const wrong = await attempt("sensor1", ownKey(99), key)
        for (const { error, accepted, diagnostics } of [unknown, wrong]) {
            strictEqual(accepted, false)
            ok(diagnostics.includes(Diagnostic.keyMismatch))
            strictEqual(error.failure?.reason, FailureReason.keyMismatch)
        }
        strictEqual(unknown.error.message, wrong.error.message)
        // The same work: equal numbers of HMACs, AEADs and random values.
        for (const kind of ["hmac", "aead", "random"] as const) strictEqual(unknown.work[kind], wrong.work[kind], kind)
    })

    it("neither a part of the identity, nor a longer one, nor an empty one matches", async () => {
        const source = new SinglePsk(Buffer.from("sensor1"), key)
        const ask = (
            kind: QuestionKind.psk | QuestionKind.clientPsk,
            identity: string,
        ): Promise<PskAnswer | undefined> => source.answer({ kind, identity: Buffer.from(identity), hint: undefined })
        for (const identity of ["", "sensor", "sensor10", "Sensor1", "sensor1\0"])
            strictEqual(await ask(QuestionKind.psk, identity), undefined, identity)
        deepStrictEqual((await ask(QuestionKind.psk, "sensor1"))?.key, key)
        deepStrictEqual((await ask(QuestionKind.clientPsk, ""))?.key, key)
    })

    it("a server's connection has the client's identity once the handshake is done, and after the end; a client's has none", async () => {
        const server = await listen(0, { psk: { identity: "sensor1", key } }, "127.0.0.1")
        const client = await connect("127.0.0.1", server.port, { psk: { identity: "sensor1", key } })
        const accepted = await server.accept()
        strictEqual(accepted.peerIdentity?.toString(), "sensor1")
        strictEqual(accepted.dtls.getPeerIdentity()?.toString(), "sensor1")
        strictEqual(client.peerIdentity, undefined)
        accepted.peerIdentity?.fill(0)
        await client.close()
        await accepted.close()
        strictEqual(accepted.peerIdentity?.toString(), "sensor1")
        await server.close()
    })

    it("an identity is reported only when its handshake is done, since anyone may claim one", async () => {
        const told: (Buffer | undefined)[] = []
        const source: Credentials = {
            answer: (question) => {
                if (question.kind === QuestionKind.psk) told.push(pair.server.getPeerIdentity())
                return Promise.resolve({ identity: Buffer.from("sensor1"), key })
            },
        }
        const pair = await Pair.make((settings) => (settings.credentials = source))
        strictEqual(pair.server.getPeerIdentity(), undefined)
        await pair.handshake()
        deepStrictEqual(told, [undefined])
        strictEqual(pair.server.getPeerIdentity()?.toString(), "sensor1")
        await pair.close()
    })
})

/** An open UDP connection, all objects that a program can reach from it, and its secrets. */
interface Exposed {
    objects: Record<string, unknown>
    secrets: Record<string, Buffer>
    close(): Promise<void>
}

async function open(suite = allSuites()[0]): Promise<Exposed> {
    const key = ownKey(3)
    const lines: string[] = []
    const questions: Question[] = []
    const store = new PskStore([parsePsk(`sensor1:${key.toString("hex")}`, "--psk")])
    const source: Credentials = {
        answer: (question) => {
            questions.push(question)
            return store.answer(question)
        },
    }
    const server = await listen(0, { psk: source, suites: [suite] }, "127.0.0.1")
    const keyLog = (line: string): void => void lines.push(line)
    const psk = { identity: "sensor1", key }
    const client = await connect("127.0.0.1", server.port, { psk, suites: [suite], keyLog })
    const accepted = await server.accept()
    await client.send("hello")
    await accepted.receive()
    const master = secretFromHex(lines[0].split(" ")[2])
    return {
        objects: { server, client, accepted, questions, store, single: new SinglePsk(Buffer.from("a"), key) },
        secrets: { key, master },
        close: async () => {
            for (const end of [client, accepted, server]) await end.close()
        },
    }
}

describe("secrets in Node", () => {
    for (const suite of allSuites())
        it(`no object that a program holds leads to the key or the master secret: ${suite.name}`, async () => {
            const { objects, secrets, close } = await open(suite)
            deepStrictEqual(exposures(objects, secrets), [])
            await close()
            deepStrictEqual(exposures(objects, secrets), [])
        })

    it("inspect and JSON of connections, listeners, settings and associations show none", async () => {
        const { objects, secrets, close } = await open()
        const association = (objects["accepted"] as DtlsSocket).dtls.getAssociation()
        const texts = [
            ...Object.values(objects).map((object) => inspect(object, { depth: 20, showHidden: true })),
            JSON.stringify(association?.parameters),
            JSON.stringify(association?.snapshot()),
            JSON.stringify(objects["single"]),
        ]
        for (const text of texts)
            for (const secret of Object.values(secrets)) {
                strictEqual(shows(text, secret), false)
                strictEqual(shows(text.replaceAll(" ", ""), secret), false)
            }
        await close()
    })

    it("the search itself finds what is there: a field, a Map, a pooled neighbour, hexadecimal digits", () => {
        const secret = ownKey(5)
        const pooled = Buffer.from(secret)
        const neighbour = Buffer.from(pooled.buffer, 0, 1)
        for (const value of [
            { a: { b: pooled } },
            new Map([["x", pooled]]),
            [neighbour],
            { s: secret.toString("hex") },
        ])
            ok(exposures(value, { secret }).length > 0)
    })

    it("errors of a handshake that fails on its key show neither identity's key", async () => {
        const key = ownKey(11)
        const other = ownKey(12)
        const { error } = await attempt("sensor1", other, key)
        deepStrictEqual(exposures(error, { key, other }), [])
        strictEqual(shows(`${error.stack} ${inspect(error)}`, key), false)
    })
})

describe("short keys", () => {
    /** Connects twice with one key. @returns the log lines of both sides */
    async function logOf(length: number): Promise<string[]> {
        const lines: string[] = []
        const services = new NodeServices({ log: (_level, message) => void lines.push(message) })
        const socket = await services.openUdp({ remote: undefined, localHost: "127.0.0.1", localPort: 0 })
        const key = Buffer.alloc(length, 0x5a)
        const psk = new SinglePsk(Buffer.from("a"), key)
        const settings = newSettings(allSuites(), psk, wifi(), gatewayLimits())
        const listener = new DtlsListener(services, socket, settings)
        const quiet = new NodeServices({ log: () => undefined })
        for (let i = 0; i < 2; i++) {
            const remote = socket.localAddress()
            const base = await quiet.openUdp({ remote, localHost: undefined, localPort: 0 })
            const client = new DtlsClientConnection(quiet, base, settings, undefined)
            await client.handshake()
            await client.close()
            base.close()
        }
        await listener.close()
        socket.close()
        return lines
    }

    it("a key of less than 16 bytes logs one warning at a server, however many handshakes use it", async () => {
        const lines = await logOf(15)
        strictEqual(lines.length, 1)
        ok(lines[0].includes("16 bytes"))
        ok(!lines[0].includes("5a"))
        deepStrictEqual(await logOf(16), [])
    })
})
