import { deepStrictEqual, notStrictEqual, ok, strictEqual, throws } from "node:assert"
import { type Association } from "../../../src/dtls/association/association.js"
import { AssociationPhase } from "../../../src/dtls/association/association-state.js"
import { Diagnostic } from "../../../src/dtls/association/output.js"
import {
    loadAssociation,
    type LoadedAssociation,
    type Reserve,
    saveAssociation,
} from "../../../src/dtls/association/saved-association.js"
import { SavedVersionV12 } from "../../../src/dtls/association/v12/saved-version.js"
import { SavedError, SavedErrorReason } from "../../../src/dtls/association/saved-error.js"
import { AeadAlgorithm } from "../../../src/dtls/crypto/algorithms.js"
import { Alpn } from "../../../src/dtls/handshake/alpn.js"
import { ConnectionIds } from "../../../src/dtls/handshake/connection-ids.js"
import { ReturnRoutability } from "../../../src/dtls/handshake/return-routability.js"
import { type AssociationSettings } from "../../../src/dtls/handshake/settings.js"
import { clientRole, serverRole } from "../../../src/dtls/association/v12/roles.js"
import { TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8 } from "../../../src/dtls/key-exchange/certificate-suites.js"
import { rawPublicKeysOnly, SignatureKind } from "../../../src/dtls/key-exchange/certificate-types.js"
import { EcdheCertificateKeyExchange } from "../../../src/dtls/key-exchange/ecdhe-certificate.js"
import { AuthenticationMode } from "../../../src/dtls/handshake/key-exchange.js"
import { allSuites } from "../../../src/dtls/key-exchange/suites.js"
import { NodeCryptoProvider } from "../../../src/platform/node/crypto.js"
import { NodeKeys } from "../../../src/platform/node/keys.js"
import { KeyedSimulation } from "../../engine/keyed-simulation.js"
import { RawKeySide } from "../../support/raw-key-side.js"
import { listTables, Simulation, testSettings } from "../../engine/simulation.js"

const crypto = new NodeCryptoProvider()
const wrapper = crypto.newAead(AeadAlgorithm.aes128Ccm, Buffer.alloc(16, 9))
const versions = [new SavedVersionV12(clientRole())]
const serverVersions = [new SavedVersionV12(serverRole())]
const exact: Reserve = { send: 0, receive: 0 }
const block: Reserve = { send: 8, receive: 8 }
const serverId = Buffer.from("c0ffee01", "hex")

function extensionsOf(id: Buffer): AssociationSettings["extensions"] {
    return [new ConnectionIds(id), new ReturnRoutability(), new Alpn(["coap"], false)]
}

function connected(withIds = true, suites = allSuites()): Simulation {
    const [client, server] = [testSettings(crypto), testSettings(crypto)]
    client.suites = suites
    server.suites = suites
    if (withIds) {
        client.extensions = extensionsOf(Buffer.alloc(0))
        server.extensions = extensionsOf(serverId)
    }
    const s = new Simulation(client, server, listTables())
    s.connect()
    strictEqual(s.client.phase, AssociationPhase.connected)
    return s
}

function save(association: Association, reserve: Reserve, generation = 1): Buffer {
    return saveAssociation(association, versions, wrapper, reserve, { generation, text: Buffer.from("note") })
}

/** The client's settings again, with new extensions. */
function again(s: Simulation): AssociationSettings {
    const extensions = s.clientSettings.extensions.length > 0 ? extensionsOf(Buffer.alloc(0)) : []
    return { ...s.clientSettings, extensions }
}

function load(s: Simulation, saved: Buffer, minimumGeneration = 0): Association {
    return loadAssociation(again(s), versions, wrapper, saved, minimumGeneration, s.now).association
}

/** The client resumes from a copy; its previous state is lost, as in a power cut. */
function restart(s: Simulation, saved: Buffer, reserve: Reserve): Buffer {
    s.client = load(s, saved)
    s.clientOutputs = []
    return save(s.client, reserve, 2)
}

function refused(reason: SavedErrorReason, run: () => unknown): void {
    throws(run, (error: unknown) => error instanceof SavedError && error.reason === reason)
}

function exchange(s: Simulation, up: string, down: string): void {
    s.clientSends(up)
    s.run(s.now + 50)
    s.serverSends(down)
    s.run(s.now + 50)
}

/** Number of a protected record: epoch and sequence number. */
function numberOf(record: Buffer): string {
    return record.subarray(3, 11).toString("hex")
}

describe("a saved association", () => {
    it("continues without a handshake, with every suite, with connection ids and without", () => {
        for (const suite of allSuites())
            for (const withIds of [true, false]) {
                const s = connected(withIds, [suite])
                exchange(s, "one", "two")
                restart(s, save(s.client, exact), block)
                const datagrams = s.sent
                exchange(s, "three", "four")
                strictEqual(s.sent - datagrams, 2)
                deepStrictEqual(s.serverMessages, ["one", "three"])
                deepStrictEqual(s.clientMessages, ["two", "four"])
            }
    })

    it("keeps what the handshake agreed on", () => {
        const s = connected()
        const before = s.client.snapshot()
        s.client = load(s, save(s.client, exact))
        const after = s.client.snapshot()
        deepStrictEqual({ ...after, outputs: 0 }, { ...before, outputs: 0 })
        strictEqual(after.protocol, "coap")
        deepStrictEqual(after.writeId, serverId)
    })

    it("keeps what the peer presented, on both sides, so that its identity is known after a restart", async () => {
        const [clientSide, serverSide] = [new RawKeySide(), new RawKeySide()]
        const exchange = new EcdheCertificateKeyExchange(new NodeKeys(), SignatureKind.ecdsa, rawPublicKeysOnly())
        const [client, server] = [testSettings(crypto), testSettings(crypto)]
        client.suites = server.suites = [TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8(exchange)]
        server.authenticationMode = AuthenticationMode.required
        const [ofClient, ofServer] = [
            clientSide.answers(serverSide.publicKey),
            serverSide.answers(clientSide.publicKey),
        ]
        const s = new KeyedSimulation(client, server, ofClient, ofServer)
        await s.shakeHands(1000)
        const presented = load(s, save(s.client, exact)).parameters.peerCertificate
        deepStrictEqual(presented, s.client.parameters.peerCertificate)
        deepStrictEqual(presented?.certificates, [serverSide.publicKey])
        const copy = save(s.serverAssociation(), exact)
        const { parameters } = loadAssociation(server, serverVersions, wrapper, copy, 0, s.now).association
        deepStrictEqual(parameters.peerCertificate?.certificates, [clientSide.publicKey])
    })

    it("sends and accepts nothing before it is saved again: the same copy may be imported after a crash", () => {
        const s = connected()
        const copy = save(s.client, exact)
        s.client = load(s, copy)
        strictEqual(s.client.send([Buffer.from("too soon")], false), 0)
        s.serverSends("waits")
        s.run(s.now + 50)
        deepStrictEqual(s.clientMessages, [])
        ok(s.client.savingWanted())
        save(s.client, block)
        s.client.takeHeld(s.now)
        s.drain()
        exchange(s, "up", "down")
        deepStrictEqual([s.serverMessages, s.clientMessages], [["up"], ["waits", "down"]])
    })

    it("does nothing more at its old place when the copy is exact", () => {
        const s = connected()
        save(s.client, exact)
        strictEqual(s.client.send([Buffer.from("too late")], false), 0)
        s.serverSends("lost")
        s.run(s.now + 50)
        deepStrictEqual([s.serverMessages, s.clientMessages], [[], []])
        const { sent } = s
        s.client.shutdown(true, true)
        s.drain()
        strictEqual(s.sent, sent)
    })

    it("may use the reserved numbers and no others, and continues when it is saved again", () => {
        const s = connected()
        save(s.client, { send: 3, receive: 2 })
        const messages = ["1", "2", "3", "4", "5"].map((text) => Buffer.from(text))
        strictEqual(s.client.send(messages, true), 3)
        strictEqual(s.client.send([messages[3]], true), 0)
        strictEqual(s.client.phase, AssociationPhase.connected)
        for (const text of ["a", "b", "c"]) s.serverSends(text)
        s.run(s.now + 50)
        deepStrictEqual(
            [s.serverMessages, s.clientMessages],
            [
                ["1", "2", "3"],
                ["a", "b"],
            ],
        )
        save(s.client, block)
        s.client.takeHeld(s.now)
        s.drain()
        exchange(s, "4", "d")
        deepStrictEqual([s.serverMessages.slice(3), s.clientMessages.slice(2)], [["4"], ["c", "d"]])
    })

    it("[P01] [P02] repeats no nonce and accepts no replay after a crash at any moment, whichever of its copies it was restored from last", () => {
        const s = connected()
        const numbers = new Set<string>()
        let saved = save(s.client, block)
        for (let crash = 0; crash < 40; crash++) {
            const begun = s.log.length
            for (let i = 0; i < crash % 7; i++) exchange(s, `up ${crash}.${i}`, `down ${crash}.${i}`)
            const received = s.clientMessages.length
            const [ours, theirs] = [[] as Buffer[], [] as Buffer[]]
            s.log.slice(begun).forEach((record) => (record[0] === 25 ? ours : theirs).push(record))
            for (const record of ours) {
                ok(!numbers.has(numberOf(record)), `number ${numberOf(record)} was sent twice`)
                numbers.add(numberOf(record))
            }
            // The power is cut here, and the newest copy is older than these messages.
            saved = restart(s, saved, block)
            for (const record of theirs) s.toClient(record)
            s.drain()
            strictEqual(s.clientMessages.length, received)
        }
        ok(numbers.size > 50)
    })

    it("holds what arrives beyond the reserved numbers until it is saved again, and no forgery among it", () => {
        const s = connected()
        s.client = load(s, save(s.client, exact))
        save(s.client, { send: 1, receive: 1 })
        s.fault = () => []
        for (let i = 0; i < 30; i++) s.serverSends("while it slept")
        const begun = s.log.length
        s.serverSends("far ahead")
        const record = s.log[begun]
        const forged = Buffer.from(record)
        forged[forged.length - 1] ^= 1
        s.toClient(forged)
        ok(!s.client.savingWanted())
        s.toClient(record)
        ok(s.client.savingWanted())
        const saved = save(s.client, { send: 1, receive: 1 })
        s.client.takeHeld(s.now)
        s.toClient(record)
        s.drain()
        deepStrictEqual(s.clientMessages, ["far ahead"])
        restart(s, saved, block)
        s.toClient(record)
        s.drain()
        deepStrictEqual(s.clientMessages, ["far ahead"])
    })

    it("is asked for again with every datagram until it is saved, also with a message that may be delivered", () => {
        const s = connected()
        s.client = load(s, save(s.client, exact))
        save(s.client, { send: 1, receive: 1 })
        s.fault = () => []
        const begun = s.log.length
        s.serverSends("within")
        for (let i = 0; i < 30; i++) s.serverSends("while it slept")
        const asked = (): number => s.clientOutputs.filter((o) => o.diagnostic === Diagnostic.saveWanted).length
        s.toClient(s.log[s.log.length - 1])
        s.drain()
        strictEqual(asked(), 1)
        s.toClient(s.log[begun])
        s.drain()
        deepStrictEqual(s.clientMessages, ["within"])
        strictEqual(asked(), 2)
    })

    it("[P04] is refused while the handshake runs, at every step of it, with messages in fragments, too, and after its end", () => {
        const serverSettings = testSettings(crypto)
        serverSettings.pathBudget = 228
        serverSettings.pskIdentityHint = Buffer.alloc(700, "hint ")
        const s = new Simulation(testSettings(crypto), serverSettings, listTables())
        let largestFlight = 0
        refused(SavedErrorReason.handshaking, () => save(s.client, exact))
        s.begin()
        let steps = 0
        while (s.client.phase === AssociationPhase.handshaking) {
            refused(SavedErrorReason.handshaking, () => save(s.client, exact))
            const server = s.peer?.association
            if (server?.phase === AssociationPhase.handshaking) {
                largestFlight = Math.max(largestFlight, server.snapshot().outboxBytes)
                refused(SavedErrorReason.handshaking, () => save(server, exact))
            }
            s.run(s.now + 1)
            s.now++
            steps++
        }
        ok(steps > 5)
        ok(largestFlight > 700, "the server's flight was under way in several fragments")
        save(s.client, block)
        s.client.shutdown(false, true)
        refused(SavedErrorReason.ended, () => save(s.client, exact))
        const other = connected()
        other.serverAssociation().shutdown(true, true)
        other.server.touched(other.peer!)
        other.drain()
        other.run(other.now + 50)
        refused(SavedErrorReason.ended, () => save(other.client, exact))
    })

    it("[P03] is refused when it is truncated anywhere, when any bit is flipped, and when it is something else", () => {
        const s = connected()
        const saved = save(s.client, exact)
        for (let length = 0; length < saved.length; length++)
            refused(SavedErrorReason.notAuthentic, () => load(s, saved.subarray(0, length)))
        for (let bit = 0; bit < 8 * saved.length; bit++) {
            const changed = Buffer.from(saved)
            changed[bit >> 3] ^= 1 << (bit & 7)
            refused(bit < 8 ? SavedErrorReason.unsupported : SavedErrorReason.notAuthentic, () => load(s, changed))
        }
        refused(SavedErrorReason.notAuthentic, () => load(s, Buffer.concat([saved, Buffer.alloc(1)])))
        for (let length = 0; length < 400; length++) {
            const noise = crypto.random(length)
            if (length > 0) noise[0] = saved[0]
            refused(SavedErrorReason.notAuthentic, () => load(s, noise))
        }
        strictEqual(load(s, saved).phase, AssociationPhase.connected)
    })

    it("[P03] is refused with another key, for the other side, with other settings, and when a newer copy is known", () => {
        const s = connected()
        const saved = save(s.client, exact, 7)
        const other = crypto.newAead(AeadAlgorithm.aes128Ccm, Buffer.alloc(16, 8))
        const loadBy = (change: Partial<AssociationSettings>, key = wrapper, by = versions): LoadedAssociation =>
            loadAssociation({ ...again(s), ...change }, by, key, saved, 7, 0)
        refused(SavedErrorReason.notAuthentic, () => loadBy({}, other))
        refused(SavedErrorReason.otherRole, () => loadBy({}, wrapper, serverVersions))
        refused(SavedErrorReason.otherSettings, () => loadBy({ suites: [] }))
        refused(SavedErrorReason.otherSettings, () => loadBy({ extensions: [] }))
        refused(SavedErrorReason.otherSettings, () => loadBy({ extensions: extensionsOf(serverId) }))
        refused(SavedErrorReason.outdated, () => load(s, saved, 8))
        const { note } = loadBy({})
        deepStrictEqual([note.generation, note.text.toString()], [7, "note"])
    })

    it("shows nothing of its keys, and is sealed to different bytes each time", () => {
        const secrets: Buffer[] = []
        const spy = new NodeCryptoProvider()
        const newAead = spy.newAead.bind(spy)
        spy.newAead = (algorithm, key) => {
            secrets.push(Buffer.from(key))
            return newAead(algorithm, key)
        }
        const s = new Simulation(testSettings(spy), testSettings(spy), listTables())
        s.connect()
        const [one, two] = [save(s.client, block), save(s.client, block)]
        notStrictEqual(one.toString("hex"), two.toString("hex"))
        strictEqual(secrets.length, 4)
        for (const secret of secrets) strictEqual(one.indexOf(secret), -1)
    })

    it("of a server continues in a new endpoint, by its id from any address, and exists there only once", () => {
        const s = connected()
        exchange(s, "one", "two")
        const saved = save(s.serverAssociation(), exact)
        const restarted = new Simulation(
            s.clientSettings,
            { ...s.serverSettings, extensions: extensionsOf(Buffer.alloc(4)) },
            listTables(),
        )
        const from = { key: "client|1", address: "client|1" }
        const loadOnce = (): Association => {
            const settings = { ...s.serverSettings, extensions: extensionsOf(Buffer.alloc(4)) }
            return loadAssociation(settings, serverVersions, wrapper, saved, 0, 0).association
        }
        const association = loadOnce()
        const peer = restarted.server.adopt(association, from)
        ok(peer !== undefined)
        strictEqual(restarted.server.adopt(loadOnce(), from), undefined)
        strictEqual(restarted.server.peerCount(), 1)
        save(association, block)
        restarted.client = load(s, save(s.client, exact))
        save(restarted.client, block)
        restarted.clientAddress = "elsewhere|9"
        restarted.clientSends("three")
        restarted.run(100)
        deepStrictEqual(restarted.serverMessages, ["three"])
        strictEqual(restarted.peer?.key, "elsewhere|9")
        restarted.serverSends("four")
        restarted.run(200)
        deepStrictEqual(restarted.clientMessages, ["four"])
    })
})
