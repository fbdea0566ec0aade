import { deepStrictEqual, notDeepStrictEqual, ok, strictEqual } from "node:assert/strict"
import { AssociationPhase } from "../../../../src/dtls/association/association-state.js"
import { FailureReason } from "../../../../src/dtls/handshake/failure.js"
import { type PskAnswer, QuestionKind } from "../../../../src/dtls/handshake/question.js"
import { type AssociationSettings } from "../../../../src/dtls/handshake/settings.js"
import { importedPsks } from "../../../../src/dtls/handshake/v13/imported-psks.js"
import { severalPsks } from "../../../../src/dtls/handshake/v13/several-psks.js"
import { TLS_AES_128_CCM_SHA256, TLS_AES_256_GCM_SHA384 } from "../../../../src/dtls/handshake/v13/suites.js"
import { AlertDescription, ContentType } from "../../../../src/dtls/wire/code-points.js"
import { readClientHello } from "../../../../src/dtls/wire/client-hello.js"
import { findExtension } from "../../../../src/dtls/wire/extensions.js"
import { readServerHello, writeServerHello } from "../../../../src/dtls/wire/server-hello.js"
import { PRE_SHARED_KEY } from "../../../../src/dtls/wire/v13/code-points.js"
import { type OfferedPsk, readOfferedPsks, selectedPsk } from "../../../../src/dtls/wire/v13/extensions.js"
import { IDENTITY, type Simulation, testKey } from "../../../engine/simulation.js"
import { handshake, messages } from "../../../support/wire.js"
import { certified, CertifiedSide } from "./certified.js"
import { ResumableV13 } from "./resumable.js"
import { isSettled, simulateV13 } from "./versions.js"

const [short, long] = [TLS_AES_128_CCM_SHA256(), TLS_AES_256_GCM_SHA384()]

/** `count` keys of a client, of which the server knows the one at index `known`. */
function keys(count: number, known: number): PskAnswer {
    const list = Array.from({ length: count }, (_, index) => ({
        identity: Buffer.from(index === known ? IDENTITY : `stranger ${index}`),
        key: index === known ? testKey() : Buffer.alloc(16, index + 1),
    }))
    return { ...list[0], others: list.slice(1) }
}

type Change = (client: AssociationSettings, server: AssociationSettings) => void

function simulation(psk: PskAnswer, change?: Change): Simulation {
    const s = simulateV13((client, server) => {
        client.extensions = [severalPsks()(client.crypto)]
        change?.(client, server)
    })
    s.clientPsk = psk
    return s
}

function connected(s: Simulation): void {
    s.connect()
    for (const side of [s.client, s.serverAssociation()]) {
        strictEqual(side.phase, AssociationPhase.connected, JSON.stringify(side.failure))
        strictEqual(side.parameters.identity.toString(), IDENTITY)
    }
    s.clientSends("up")
    s.serverSends("down")
    s.run(s.now + 100)
    deepStrictEqual([s.serverMessages, s.clientMessages], [["up"], ["down"]])
}

/** The keys in the client's first or second hello, taken from the log. */
function offeredIn(datagram: Buffer): OfferedPsk[] {
    const [{ body }] = messages(datagram)
    return readOfferedPsks(findExtension(readClientHello(body)!.extensions, PRE_SHARED_KEY)!)!
}

/** Modifies the ServerHello, but not the HelloRetryRequest before it. */
function changeSelection(s: Simulation, data: Buffer): void {
    s.fault = (_index, toServer, datagram) => {
        if (toServer || datagram[0] !== ContentType.handshake) return [5]
        const end = 13 + datagram.readUInt16BE(11)
        const [message] = messages(datagram.subarray(0, end))
        const hello = readServerHello(message.body)!
        if (findExtension(hello.extensions, PRE_SHARED_KEY) === undefined) return [5]
        const extensions = hello.extensions.map((one) => (one.type === PRE_SHARED_KEY ? { ...one, data } : one))
        s.toClient(
            handshake(message.header.type, message.header.messageSeq, writeServerHello({ ...hello, extensions })),
        )
        s.toClient(datagram.subarray(end))
        return []
    }
}

describe("several pre-shared keys in one hello (RFC 8446 §4.2.11)", () => {
    for (const known of [0, 1, 2, 3])
        it(`the server picks the one that it knows, number ${known + 1} of four, by its own binder; both sides know which`, () => {
            const s = simulation(keys(4, known))
            connected(s)
            const names = offeredIn(s.log[0]).map(({ identity }) => identity.toString())
            deepStrictEqual(
                names.map((name) => name === IDENTITY),
                [0, 1, 2, 3].map((index) => index === known),
            )
        })

    it("a HelloRetryRequest changes every binder, and no identity", () => {
        const s = simulation(keys(3, 2))
        connected(s)
        const [first, second] = [offeredIn(s.log[0]), offeredIn(s.log[2])]
        strictEqual(second.length, 3)
        for (const [index, psk] of second.entries()) {
            deepStrictEqual(psk.identity, first[index].identity)
            notDeepStrictEqual(psk.binder, first[index].binder)
        }
    })

    it("a server that picks one that was not offered, or answers in more than two bytes, is illegal_parameter", () => {
        for (const data of [
            selectedPsk(2).data,
            selectedPsk(255).data,
            Buffer.of(1, 0),
            Buffer.of(0, 0, 1),
            Buffer.of(1),
        ]) {
            const s = simulation(keys(2, 1))
            changeSelection(s, data)
            s.begin()
            s.run(200000)
            deepStrictEqual(
                [s.client.failure?.reason, s.client.failure?.alert],
                [FailureReason.illegalParameter, AlertDescription.illegalParameter],
                data.toString("hex"),
            )
        }
    })

    it("a server that picks another one than it has the key of does not get through", () => {
        const s = simulation(keys(2, 1))
        changeSelection(s, selectedPsk(0).data)
        s.begin()
        s.run(200000)
        strictEqual(s.client.phase, AssociationPhase.failed)
    })

    it("a server that knows none of them, or not its key, sends decrypt_error", () => {
        for (const key of [testKey(), Buffer.alloc(16, 9)]) {
            const s = simulation(key.equals(testKey()) ? keys(3, -1) : keys(3, 1))
            s.serverKey = key
            s.begin()
            s.run(100)
            strictEqual(s.serverAssociation().failure?.reason, FailureReason.keyMismatch)
            strictEqual(s.serverAssociation().failure?.alert, AlertDescription.decryptError)
        }
    })

    it("invalid keys are left out; without the extension only the first is offered", () => {
        const { others = [], ...first } = keys(3, 2)
        const none = { identity: Buffer.from("none"), key: Buffer.alloc(0) }
        const s = simulation({ ...first, others: [none, ...others] })
        connected(s)
        strictEqual(offeredIn(s.log[0]).length, 3)
        const plain = simulation(keys(3, 0), (client) => (client.extensions = []))
        connected(plain)
        strictEqual(offeredIn(plain.log[0]).length, 1)
    })

    it("a server whose settings have the extension, too, accepts keys as without it", () => {
        connected(simulation(keys(2, 1), (_client, server) => (server.extensions = [severalPsks()(server.crypto)])))
    })

    it("imported, each is offered for every hash, those for the first suite first; a server of either hash finds its own", () => {
        for (const suite of [short, long]) {
            const s = simulation(keys(2, 1), (client, server) => {
                client.suites = [short, long]
                server.suites = [suite]
                for (const side of [client, server]) side.extensions = [importedPsks({})(side.crypto)]
            })
            connected(s)
            deepStrictEqual(
                offeredIn(s.log[0]).map(({ binder }) => binder.length),
                [32, 32, 48, 48],
            )
            strictEqual(offeredIn(s.log[2]).length, 2)
            strictEqual(s.client.parameters.suite?.id, suite.id)
        }
    })

    it("a ticket precedes them, and a server that does not know it picks a key", async () => {
        for (const forgets of [true, false]) {
            const pair = new ResumableV13()
            pair.clientAnswers = ({ kind }) => (kind === QuestionKind.clientPsk ? keys(2, 1) : undefined)
            const change: Change = (client) => client.extensions.push(severalPsks()(client.crypto))
            strictEqual((await pair.connect(change)).client.parameters.resumed, false)
            if (forgets) pair.options = new ResumableV13(false, 2).options
            const s = await pair.connect(change)
            strictEqual(s.client.phase, AssociationPhase.connected)
            strictEqual(s.client.parameters.resumed, !forgets)
            strictEqual(s.client.parameters.identity.toString(), IDENTITY)
            strictEqual(offeredIn(s.log[0]).length, 3)
        }
    })

    it("after a HelloRetryRequest with a suite that they do not fit none is offered, and certificates are used", async () => {
        const [client, server] = [new CertifiedSide(true), new CertifiedSide(true)]
        const known = client.knows(server)
        const s = certified({
            server: server.knows(client),
            client: (question) => (question.kind === QuestionKind.clientPsk ? keys(2, 1) : known(question)),
            change: (one, other) => {
                one.suites = [short, long]
                other.suites = [long]
                one.extensions.push(severalPsks()(one.crypto))
            },
        })
        await s.shakeHands(1000)
        ok(isSettled(s), JSON.stringify(s.client.failure))
        strictEqual(s.client.parameters.suite?.id, long.id)
        const [{ body }] = messages(s.log[2])
        strictEqual(findExtension(readClientHello(body)!.extensions, PRE_SHARED_KEY), undefined)
    })
})
