import { deepStrictEqual, ok, strictEqual } from "node:assert/strict"
import { type Association } from "../../../../src/dtls/association/association.js"
import { AssociationPhase } from "../../../../src/dtls/association/association-state.js"
import { loadAssociation, saveAssociation } from "../../../../src/dtls/association/saved-association.js"
import { SavedErrorReason } from "../../../../src/dtls/association/saved-error.js"
import { SavedVersionV12 } from "../../../../src/dtls/association/v12/saved-version.js"
import { AeadAlgorithm } from "../../../../src/dtls/crypto/algorithms.js"
import { clientRole } from "../../../../src/dtls/association/v12/roles.js"
import { type ConnectionIdsV13 } from "../../../../src/dtls/handshake/v13/connection-ids.js"
import { NodeCryptoProvider } from "../../../../src/platform/node/crypto.js"
import { connected, simulate } from "../../../support/connected.js"
import { seededRandom } from "../../../support/spy-crypto.js"
import { BLOCK, clientVersions, EXACT, Kept, refused, serverVersions, wrapper } from "./saved.js"

function idsOf(association: Association): ConnectionIdsV13 {
    return association.settings.extensions[0] as ConnectionIdsV13
}

describe("a saved association of DTLS 1.3", () => {
    it("continues without a handshake, in both roles, with connection ids and without", () => {
        for (const withIds of [true, false]) {
            const kept = new Kept({ withIds }).connect()
            kept.exchange("one")
            kept.restartServer(kept.save(kept.s.serverAssociation(), EXACT))
            kept.restartClient(kept.save(kept.s.client, EXACT))
            const { sent } = kept.s
            kept.exchange("two")
            kept.exchange("three")
            strictEqual(kept.s.sent - sent, 4)
            deepStrictEqual(kept.messages(), {
                up: ["one up", "two up", "three up"],
                down: ["one down", "two down", "three down"],
            })
            kept.checkNonces()
        }
    })

    it("keeps what the handshake agreed on", () => {
        const kept = new Kept({ spares: [2, 1], clientId: 3 }).connect()
        kept.exchange()
        const before = kept.s.client.snapshot()
        const after = kept.load(true, kept.save(kept.s.client, EXACT)).snapshot()
        deepStrictEqual({ ...after, outputs: 0 }, { ...before, outputs: 0 })
        strictEqual(after.protocol, "coap")
    })

    it("shows nothing of its secrets, and is sealed to different bytes each time", () => {
        const kept = new Kept().connect()
        const [one, two] = [kept.save(kept.s.client), kept.save(kept.s.client)]
        ok(!one.equals(two))
        for (const secret of kept.crypto.secrets) ok(secret.length < 16 || one.indexOf(secret) < 0)
    })

    it("[P04] is refused until the server has acknowledged the client's Finished, and after its end", () => {
        const kept = new Kept()
        const { s } = kept
        let refusals = 0
        s.begin()
        while (s.client.phase === AssociationPhase.handshaking || !s.client.driver!.isSettled()) {
            refused(SavedErrorReason.handshaking, () => kept.save(s.client))
            if (s.client.phase === AssociationPhase.connected) refusals++
            s.run(s.now + 1)
            s.now++
        }
        ok(refusals > 5, "its Finished was under way")
        kept.save(s.client)
        s.client.shutdown(false, true)
        refused(SavedErrorReason.ended, () => kept.save(s.client))
    })

    it("[P03] is refused when it is truncated, when any bit is flipped, with another key, for the other side, and when a newer copy is known", () => {
        const kept = new Kept({ spares: [1, 0] }).connect()
        const saved = kept.save(kept.s.client, EXACT, 7)
        for (let length = 0; length < saved.length; length++)
            refused(SavedErrorReason.notAuthentic, () => kept.load(true, saved.subarray(0, length)))
        for (let bit = 0; bit < 8 * saved.length; bit += 3) {
            const changed = Buffer.from(saved)
            changed[bit >> 3] ^= 1 << (bit & 7)
            const reason = bit < 8 ? SavedErrorReason.unsupported : SavedErrorReason.notAuthentic
            refused(reason, () => kept.load(true, changed))
        }
        const other = new NodeCryptoProvider().newAead(AeadAlgorithm.aes128Ccm, Buffer.alloc(16, 8))
        const settings = kept.settings(true)
        refused(SavedErrorReason.notAuthentic, () => loadAssociation(settings, clientVersions, other, saved, 0, 0))
        refused(SavedErrorReason.otherRole, () => loadAssociation(settings, serverVersions, wrapper, saved, 0, 0))
        const bare = { ...settings, extensions: [] }
        refused(SavedErrorReason.otherSettings, () => loadAssociation(bare, clientVersions, wrapper, saved, 0, 0))
        refused(SavedErrorReason.outdated, () => kept.load(true, saved, 8))
        strictEqual(kept.load(true, saved, 7).phase, AssociationPhase.connected)
    })

    it("[P03] of DTLS 1.2 is refused by a program of DTLS 1.3, and vice versa; one of both versions accepts each", () => {
        const ofOlder = [new SavedVersionV12(clientRole())]
        const note = { generation: 1, text: Buffer.alloc(0) }
        const crypto = new NodeCryptoProvider()
        const older = connected((client, server) => (client.crypto = server.crypto = crypto)).client
        const kept = new Kept({ withIds: false }).connect()
        const newer = kept.s.client
        refused(SavedErrorReason.unsupported, () => saveAssociation(older, clientVersions, wrapper, EXACT, note))
        refused(SavedErrorReason.unsupported, () => saveAssociation(newer, ofOlder, wrapper, EXACT, note))
        const both = [...clientVersions, ...ofOlder]
        const settings = { ...simulate().clientSettings, crypto }
        settings.suites = [...settings.suites, ...kept.settings(true).suites]
        for (const [one, own, foreign] of [
            [older, ofOlder, clientVersions],
            [newer, clientVersions, ofOlder],
        ] as const) {
            const saved = saveAssociation(one, both, wrapper, EXACT, note)
            refused(SavedErrorReason.unsupported, () => loadAssociation(settings, [...foreign], wrapper, saved, 0, 0))
            for (const versions of [[...own], both]) {
                const { association } = loadAssociation(settings, versions, wrapper, saved, 0, 0)
                strictEqual(association.parameters.version, one.parameters.version)
            }
        }
    })

    it("[V17] follows KeyUpdates of either side, before and after it was restored", () => {
        const kept = new Kept().connect()
        kept.updateKeys(true)
        kept.updateKeys(false)
        kept.exchange("unsaved")
        deepStrictEqual(kept.epochs(), [4, 4, 4, 4])
        kept.saveClient()
        kept.saveServer()
        for (let round = 5; round < 9; round++) {
            kept.restartClient()
            kept.restartServer()
            kept.skip()
            if (round !== 6) kept.updateKeys(false)
            if (round !== 7) kept.updateKeys(true)
            kept.exchange(`round ${round}`)
            kept.exchange(`again ${round}`)
        }
        deepStrictEqual(kept.epochs(), [7, 7, 7, 7])
        const { up, down } = kept.messages()
        deepStrictEqual([up.length, down.length], [9, 9])
        kept.checkNonces()
    })

    it("[V17] updates its keys before they reach their record limit, skipped numbers included", () => {
        const kept = new Kept({ limit: 100 }).connect()
        kept.saveClient()
        for (let i = 0; i < 60; i++) {
            kept.exchange(`${i}`)
            if (i % 3 !== 0) continue
            kept.restartClient()
            kept.skip()
        }
        ok(kept.epochs()[1] > 4)
        const { up, down } = kept.messages()
        deepStrictEqual([up.length, down.length], [60, 60])
        kept.checkNonces()
    })

    it("[P02] [V17] loses power before or after each datagram of a KeyUpdate, on either side, and still follows it", () => {
        for (const ofClient of [true, false])
            for (const restartsClient of [true, false])
                for (let moment = 1; moment < 24; moment += 2) {
                    const kept = new Kept().connect()
                    kept.saveClient()
                    kept.saveServer()
                    kept.updateKeys(ofClient)
                    kept.run(moment)
                    if (restartsClient) kept.restartClient()
                    else kept.restartServer()
                    kept.skip()
                    kept.run(3000)
                    deepStrictEqual(kept.epochs(), ofClient ? [3, 4, 4, 3] : [4, 3, 3, 4], `after ${moment} ms`)
                    kept.exchange("after")
                    deepStrictEqual(kept.messages(), { up: ["after up"], down: ["after down"] })
                    kept.checkNonces()
                }
    })

    it("[V17] an acknowledgement of the peer's KeyUpdate lost, and power right after it: the peer's retransmission is read and acknowledged", () => {
        const kept = new Kept().connect()
        kept.saveClient()
        kept.s.fault = (_index, toServer) => (toServer ? [] : [5])
        kept.updateKeys(false)
        kept.run(100)
        deepStrictEqual(kept.epochs(), [4, 3, 3, 3])
        kept.s.fault = () => [5]
        // Twice, because after the first restart it has received nothing in the new epoch either.
        kept.restartClient()
        kept.restartClient()
        kept.skip()
        kept.skip()
        kept.run(3000)
        deepStrictEqual(kept.epochs(), [4, 3, 3, 4])
        kept.exchange()
        deepStrictEqual(kept.messages(), { up: ["hello up"], down: ["hello down"] })
        kept.checkNonces()
    })

    it("its spare ids still work, new ones arrive, and a server is found by each that it issued", () => {
        const kept = new Kept({ spares: [2, 0] }).connect()
        kept.run(500)
        strictEqual(idsOf(kept.s.client).spareCount(), 2)
        kept.saveClient()
        kept.saveServer()
        kept.restartServer()
        kept.restartClient()
        kept.skip()
        for (let path = 2; path < 6; path++) {
            kept.s.clientAddress = `client|${path}`
            ok(kept.s.client.useNewPath(), `path ${path}`)
            kept.saveClient()
            kept.exchange(`path ${path}`)
            strictEqual(kept.s.peer!.key, `client|${path}`)
            kept.run(500)
            if (path === 3) kept.restartClient()
            if (path === 4) kept.restartServer()
            if (path > 2) kept.skip()
        }
        idsOf(kept.s.serverAssociation()).renew()
        kept.s.server.touched(kept.s.peer!)
        kept.run(100)
        kept.restartServer()
        kept.skip()
        kept.exchange("renewed")
        const { up, down } = kept.messages()
        deepStrictEqual([up.length, down.length], [5, 5])
        kept.checkNonces()
    })

    it("[P01] [P02] repeats no nonce, accepts no replay and loses no key, whenever power is lost, with losses on the way", () => {
        for (let seed = 1; seed <= 12; seed++) {
            const random = seededRandom(seed)
            const kept = new Kept({ limit: 200, spares: [1, 1], clientId: 2 }).connect()
            kept.run(200)
            kept.saveClient()
            kept.saveServer()
            kept.s.fault = () => (random() < 0.2 ? [] : [2 + Math.floor(random() * 10)])
            for (let step = 0; step < 60; step++) {
                const what = random()
                if (what < 0.05) kept.updateKeys(false)
                else if (what < 0.1) kept.updateKeys(true)
                kept.up(`up ${step}`)
                if (random() < 0.15) kept.restartClient()
                kept.down(`down ${step}`)
                if (random() < 0.15) kept.restartServer()
            }
            kept.s.fault = () => [5]
            kept.run(20000)
            kept.skip()
            const [ups, downs] = [kept.s.serverMessages.length, kept.s.clientMessages.length]
            kept.exchange("last")
            deepStrictEqual([kept.s.serverMessages.length, kept.s.clientMessages.length], [ups + 1, downs + 1])
            const { up, down } = kept.messages()
            for (const messages of [up, down])
                strictEqual(new Set(messages).size, messages.length, `seed ${seed}: a message came twice`)
            kept.checkNonces()
        }
    })

    it("sends and accepts nothing before it is saved again, and nothing more at its old place when the copy is exact", () => {
        const kept = new Kept().connect()
        kept.savesItself = false
        const copy = kept.save(kept.s.client, EXACT)
        strictEqual(kept.s.client.send([Buffer.from("too late")], false), 0)
        kept.s.client = kept.load(true, copy)
        strictEqual(kept.s.client.send([Buffer.from("too soon")], false), 0)
        kept.s.serverSends("waits")
        kept.s.run(kept.s.now + 50)
        deepStrictEqual(kept.s.clientMessages, [])
        kept.saveClient()
        deepStrictEqual(kept.s.clientMessages, ["waits"])
        kept.exchange()
        strictEqual(kept.s.serverMessages.length, 1)
    })

    it("may use the reserved numbers and no others", () => {
        const kept = new Kept().connect()
        kept.savesItself = false
        kept.save(kept.s.client, { send: 3, receive: 2 })
        const messages = ["1", "2", "3", "4"].map((text) => Buffer.from(text))
        strictEqual(kept.s.client.send(messages, true), 3)
        for (const text of ["a", "b", "c", "d"]) kept.s.serverSends(text)
        kept.s.run(kept.s.now + 50)
        deepStrictEqual(
            [kept.s.serverMessages, kept.s.clientMessages],
            [
                ["1", "2", "3"],
                ["a", "b"],
            ],
        )
        strictEqual(kept.s.client.phase, AssociationPhase.connected)
        kept.save(kept.s.client, BLOCK)
        kept.s.client.takeHeld(kept.s.now)
        kept.s.drain()
        deepStrictEqual(kept.s.clientMessages, ["a", "b", "c", "d"], "two that waited, each without a length")
    })
})
