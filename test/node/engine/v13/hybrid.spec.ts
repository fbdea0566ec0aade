import { ok, strictEqual } from "node:assert/strict"
import { type Agreement, type KeyEncapsulation, type KeyOperations } from "../../../../src/dtls/crypto/keys.js"
import { FailureReason } from "../../../../src/dtls/handshake/failure.js"
import { hybridKeys } from "../../../../src/dtls/key-exchange/v13/hybrid-keys.js"
import { AlertDescription, ContentType, HandshakeType, NamedGroup } from "../../../../src/dtls/wire/code-points.js"
import { NodeKeys } from "../../../../src/platform/node/keys.js"
import { mlKem768 } from "../../../../src/platform/node/ml-kem.js"
import { KeyedSimulation } from "../../../engine/keyed-simulation.js"
import { expectSeedsToComplete } from "../../../support/seeded-faults.js"
import { MODULUS, withNumber } from "../../../support/encapsulation-key.js"
import { StandInKem } from "../../../support/stand-in-kem.js"

import { agreeing, type AgreeingSide, completes, drawnLink, SERVER_SEEDS } from "./agreeing.js"
import { isSettled } from "./versions.js"

const { x25519, secp256r1, x25519MlKem768: hybrid } = NamedGroup

interface Side {
    /** preferred first */
    groups: number[]
    path?: number
    /** default: a fast stand-in */
    kem?: KeyEncapsulation
    /** modifies this side's share of the hybrid group */
    share?: (share: Buffer) => Buffer
}

/** A side's key operations; its share may be modified. */
function keysOf({ groups, kem, share = (own) => own }: Side, seed: number): KeyOperations {
    const keys = hybridKeys(new NodeKeys(), kem ?? new StandInKem(seed))
    return {
        groups,
        schemes: [],
        newKeyPair: async (group) => {
            const pair = await keys.newKeyPair(group)
            if (group === hybrid) pair.publicKey = share(pair.publicKey)
            return pair
        },
        answer: async (group, theirs) =>
            changed(await keys.answer?.(group, theirs), group === hybrid ? share : undefined),
        verify: () => Promise.resolve(false),
    }
}

function changed(own: Agreement | undefined, share: Side["share"]): Agreement | undefined {
    return own === undefined || share === undefined ? own : { ...own, share: share(own.share) }
}

function simulate(client: Side, server: Side, seed = 1): KeyedSimulation {
    const sideOf = (side: Side, drawn: number): AgreeingSide => ({ keys: keysOf(side, drawn), path: side.path })
    return agreeing(sideOf(client, seed), sideOf(server, seed + SERVER_SEEDS), seed)
}

/** Number of datagrams up to the server's HelloRetryRequest. */
function datagramsToRetry(s: KeyedSimulation): number {
    return 1 + s.log.findIndex((data) => data[0] === ContentType.handshake && data[13] === HandshakeType.serverHello)
}

/** Length of the client's first flight, bytes. */
function helloBytes(s: KeyedSimulation): number {
    return s.log.slice(0, datagramsToRetry(s) - 1).reduce((sum, { length }) => sum + length, 0)
}

const BOTH = [hybrid, x25519]

describe("X25519MLKEM768 in DTLS 1.3", function () {
    this.timeout(60000)

    it("[V28] completes with this platform's ML-KEM, its hello in two datagrams", async () => {
        const s = simulate({ groups: BOTH, kem: mlKem768() }, { groups: BOTH, kem: mlKem768() })
        await completes(s, 1000)
        strictEqual(datagramsToRetry(s), 3)
        ok(helloBytes(s) > 1300, `${helloBytes(s)} bytes`)
    })

    it("[V28] completes in as many rounds with a server that has X25519 only, since the hello has that share, too", async () => {
        const s = simulate({ groups: BOTH }, { groups: [x25519] })
        await completes(s, 1000)
        const t = simulate({ groups: BOTH }, { groups: BOTH })
        await completes(t, 1000)
        // The ServerHello is shorter.
        strictEqual(s.sent, t.sent - 1)
    })

    it("sends that share alone where X25519 is not one of the client's groups, and where a HelloRetryRequest asks for it", async () => {
        const alone = simulate({ groups: [hybrid] }, { groups: BOTH })
        await completes(alone, 1000)
        const beside = simulate({ groups: BOTH }, { groups: BOTH })
        await completes(beside, 1000)
        // A group of 2 bytes, and a share of 4 + 32 bytes.
        strictEqual(helloBytes(beside) - helloBytes(alone), 38)
        const s = simulate({ groups: [secp256r1, hybrid, x25519] }, { groups: [hybrid] })
        await completes(s, 1000)
        strictEqual(datagramsToRetry(s), 2, "the first hello has a small share")
    })

    it("falls back to a group that the server asks for", async () => {
        await completes(simulate({ groups: [hybrid, secp256r1] }, { groups: [secp256r1] }), 1000)
    })

    for (const [share, name] of [
        [hybrid, "that comes with the first hello"],
        [secp256r1, "that a HelloRetryRequest asks for"],
    ] as const)
        it(`[F14] each single datagram lost, with a share ${name}: completes within 2.5 s`, async () => {
            for (const path of [1232, 400])
                for (let lost = 0; lost < 22; lost++) {
                    const s = simulate({ groups: [share, hybrid, x25519], path }, { groups: [hybrid], path })
                    s.fault = (index) => (index === lost ? [] : [5])
                    await completes(s, 2500)
                }
        })

    it("[F15] each pair of datagrams lost: completes within 8 s", async () => {
        const undisturbed = simulate({ groups: BOTH }, { groups: BOTH })
        await completes(undisturbed, 8000)
        for (let first = 0; first < undisturbed.sent; first++)
            for (let second = first + 1; second < 2 * undisturbed.sent; second++) {
                const s = simulate({ groups: BOTH }, { groups: BOTH })
                s.fault = (index) => (index === first || index === second ? [] : [5])
                await completes(s, 8000)
            }
    })

    it("[F11] [F15] a hello with two losses before the HelloRetryRequest completes within 4 s, on narrow paths too", async () => {
        for (const path of [1232, 548, 228]) {
            const undisturbed = simulate({ groups: BOTH, path }, { groups: BOTH, path })
            await completes(undisturbed, 8000)
            const count = datagramsToRetry(undisturbed)
            for (let first = 0; first < count; first++)
                for (let second = first + 1; second < 2 * count; second++) {
                    const s = simulate({ groups: BOTH, path }, { groups: BOTH, path })
                    s.fault = (index) => (index === first || index === second ? [] : [5])
                    await completes(s, 4000)
                }
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
        simulate({ groups: isFirst ? BOTH : [secp256r1, hybrid], path }, { groups: BOTH, path }, seed),
    )

/** Invalid shares of the group, by what is wrong with them. */
const WRONG: Record<string, (share: Buffer) => Buffer> = {
    "a byte short": (share) => share.subarray(0, -1),
    "a byte long": (share) => Buffer.concat([share, Buffer.alloc(1)]),
    "of X25519 only": (share) => share.subarray(-32),
    "with zeros for X25519, whose result is zero": (share) => Buffer.concat([share.subarray(0, -32), Buffer.alloc(32)]),
}

describe("X25519MLKEM768 in DTLS 1.3 refuses with illegal_parameter", function () {
    this.timeout(60000)
    const { illegalParameter } = AlertDescription

    for (const [name, share] of Object.entries(WRONG)) {
        it(`[V28] a client's share ${name}`, async () => {
            const s = simulate({ groups: [hybrid], share }, { groups: BOTH })
            await s.shakeHands(3000)
            strictEqual(s.serverAssociation().failure?.reason, FailureReason.illegalParameter)
            strictEqual(s.client.failure?.alert, illegalParameter)
        })

        it(`[V28] a server's share ${name}`, async () => {
            const s = simulate({ groups: [hybrid] }, { groups: BOTH, share })
            await s.shakeHands(70000)
            strictEqual(s.client.failure?.reason, FailureReason.illegalParameter)
            strictEqual(s.client.failure.alert, illegalParameter)
        })
    }

    it("[V28] a client's encapsulation key with a number that is not below the modulus, at any position", async () => {
        for (const at of [0, 383, 767]) {
            const share = (own: Buffer): Buffer => withNumber(own, at, MODULUS)
            const s = simulate({ groups: [hybrid], kem: mlKem768(), share }, { groups: BOTH, kem: mlKem768() })
            await s.shakeHands(3000)
            strictEqual(s.serverAssociation().failure?.reason, FailureReason.illegalParameter, `number ${at}`)
            strictEqual(s.client.failure?.alert, illegalParameter)
        }
    })
})
