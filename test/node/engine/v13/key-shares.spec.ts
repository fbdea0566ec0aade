import { deepStrictEqual, ok, strictEqual } from "node:assert/strict"
import { type KeyOperations } from "../../../../src/dtls/crypto/keys.js"
import { FailureReason } from "../../../../src/dtls/handshake/failure.js"
import { QuestionKind } from "../../../../src/dtls/handshake/question.js"
import { AlertDescription, NamedGroup } from "../../../../src/dtls/wire/code-points.js"
import { NodeKeys } from "../../../../src/platform/node/keys.js"
import { KeyedSimulation } from "../../../engine/keyed-simulation.js"
import { expectSeedsToComplete } from "../../../support/seeded-faults.js"

import { agreeing, type AgreeingSide, drawnLink } from "./agreeing.js"
import { isSettled } from "./versions.js"

const { x25519, secp256r1 } = NamedGroup

/** Key operations with only these groups, preferred first. */
function keysOf(...groups: number[]): KeyOperations {
    const keys = new NodeKeys()
    return {
        groups,
        schemes: [],
        newKeyPair: (group) => keys.newKeyPair(group),
        verify: (...signed) => keys.verify(...signed),
    }
}

interface Side {
    groups: number[]
    /** psk_ke is refused */
    required?: boolean
    path?: number
}

function simulate(client: Side, server: Side, seed = 1): KeyedSimulation {
    const sideOf = ({ groups, required = false, path }: Side): AgreeingSide => ({
        keys: groups.length === 0 ? undefined : keysOf(...groups),
        required,
        path,
    })
    return agreeing(sideOf(client), sideOf(server), seed)
}

/** Number of operations that both sides asked for. */
function operations(s: KeyedSimulation): number {
    return s.asked.filter((kind) => kind === QuestionKind.operation).length
}

const BOTH = [x25519, secp256r1]

describe("psk_dhe_ke of DTLS 1.3", function () {
    this.timeout(60000)

    it("works with X25519 or P-256, in the same number of datagrams as psk_ke", async () => {
        for (const group of BOTH) {
            const s = simulate({ groups: [group] }, { groups: BOTH })
            await s.shakeHands(1000)
            ok(isSettled(s))
            strictEqual(s.sent, 6)
            strictEqual(operations(s), 3, "a pair of the client, an agreement of each side")
            s.clientSends("hello")
            await s.runTo(2000)
            deepStrictEqual(s.serverMessages, ["hello"])
        }
    })

    it("a HelloRetryRequest asks for a group without a share, beside its cookie", async () => {
        const s = simulate({ groups: BOTH }, { groups: [secp256r1] })
        await s.shakeHands(1000)
        ok(isSettled(s))
        strictEqual(s.sent, 6)
        strictEqual(operations(s), 4, "the client draws a second pair")
    })

    it("falls back to psk_ke where a side has no key agreement, or no group is common", async () => {
        const pairs: [Side, Side][] = [
            [{ groups: [] }, { groups: BOTH }],
            [{ groups: BOTH }, { groups: [] }],
            [{ groups: [x25519] }, { groups: [secp256r1] }],
        ]
        for (const [client, server] of pairs) {
            const s = simulate(client, server)
            await s.shakeHands(1000)
            ok(isSettled(s))
        }
    })

    it("does not fall back where it is required: handshake_failure from the server", async () => {
        const pairs: [Side, Side][] = [
            [{ groups: [] }, { groups: BOTH, required: true }],
            [{ groups: BOTH, required: true }, { groups: [] }],
            [{ groups: [x25519], required: true }, { groups: [secp256r1] }],
        ]
        for (const [client, server] of pairs) {
            const s = simulate(client, server)
            await s.shakeHands(3000)
            strictEqual(s.client.failure?.reason, FailureReason.peerAlert)
            strictEqual(s.client.failure.alert, AlertDescription.handshakeFailure)
        }
    })

    for (const [name, path] of Object.entries({ "as it is": 1232, "with the server's flights in fragments": 100 }))
        it(`[F14] each single datagram lost, ${name}: completes within 2.5 s`, async () => {
            for (let lost = 0; lost < 20; lost++) {
                const s = simulate({ groups: BOTH }, { groups: [secp256r1], path })
                s.fault = (index) => (index === lost ? [] : [5])
                await s.shakeHands(2500)
                ok(isSettled(s), `datagram ${lost} lost`)
            }
        })

    it("[F14] [F11] each single datagram lost, with the hellos in fragments too: completes within 2.5 s", async () => {
        for (let lost = 0; lost < 24; lost++) {
            const s = simulate({ groups: BOTH, path: 100 }, { groups: [secp256r1], path: 100 })
            s.fault = (index) => (index === lost ? [] : [5])
            await s.shakeHands(2500)
            ok(isSettled(s), `datagram ${lost} lost`)
        }
    })

    for (const path of [1232, 228])
        it(`[F15] each pair of datagrams lost, of ${path} bytes at most: completes within 8 s`, async function () {
            this.timeout(120000)
            for (let first = 0; first < 6; first++)
                for (let second = first + 1; second < 12; second++) {
                    const s = simulate({ groups: BOTH, path }, { groups: [secp256r1], path })
                    s.fault = (index) => (index === first || index === second ? [] : [5])
                    await s.shakeHands(8000)
                    ok(isSettled(s), `datagrams ${first} and ${second} lost`)
                }
        })

    it("[F15] 1,000 seeds of loss, delay, duplication, reordering and small paths: 99 % complete, the rest time out", async function () {
        this.timeout(300000)
        await expectSeedsToComplete(linkOf, isSettled)
    })
})

/** A link whose faults are determined by one seed. */
const linkOf = (seed: number): KeyedSimulation =>
    drawnLink(seed, (path, isFirst) =>
        simulate({ groups: BOTH, path }, { groups: isFirst ? [secp256r1] : BOTH, path }, seed),
    )
