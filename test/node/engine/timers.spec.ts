import { deepStrictEqual, ok, strictEqual } from "node:assert/strict"
import { AssociationPhase } from "../../../src/dtls/association/association-state.js"
import { Diagnostic } from "../../../src/dtls/association/output.js"
import { cellular, type RetransmissionProfile, wifi } from "../../../src/dtls/flight/retransmission.js"
import { FailureReason } from "../../../src/dtls/handshake/failure.js"
import { type Simulation } from "../../engine/simulation.js"
import { connected, simulate } from "../../support/connected.js"
import { SpyCrypto } from "../../support/spy-crypto.js"
import { messages, records } from "../../support/wire.js"

/** Times of the client's datagrams, ms; `lost` determines which do not arrive. */
function sendingTimes(s: Simulation, lost: (nth: number) => boolean, until: number): number[] {
    const times: number[] = []
    s.fault = (_index, toServer) => {
        if (!toServer) return [5]
        times.push(s.now)
        return lost(times.length - 1) ? [] : [5]
    }
    s.begin()
    s.run(until)
    return times
}

const withProfile = (profile: RetransmissionProfile): Simulation =>
    simulate((client, server) => (client.retransmission = server.retransmission = profile))

/** UDP payload that fits into an IPv4 packet of that many bytes. */
const payload = (mtu: number): number => mtu - 28

describe("retransmission timers", () => {
    it("[F17] wifi: 1 s, doubling to 60 s, seven times, then the end at the deadline of 64 s", () => {
        const s = withProfile({ ...wifi(), jitter: 0 })
        deepStrictEqual(
            sendingTimes(s, () => true, 100000),
            [0, 1000, 3000, 7000, 15000, 31000, 63000],
        )
        strictEqual(s.client.failure?.reason, FailureReason.timeout)
        strictEqual(s.now, 64000)
    })

    it("[F17] the timeout is never above the maximum of 60 s", () => {
        const s = withProfile({ ...wifi(), jitter: 0, deadline: 1000000, attempts: 9 })
        const times = sendingTimes(s, () => true, 1000000)
        deepStrictEqual(
            times.slice(1).map((time, i) => time - times[i]),
            [1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000, 60000],
        )
    })

    it("[F17] progress starts the next flight at the initial timeout again, in both profiles", () => {
        for (const profile of [wifi(), cellular()]) {
            const s = withProfile({ ...profile, jitter: 0 })
            const { initial } = profile
            // The hello is lost twice, and so is the hello with the cookie.
            const times = sendingTimes(s, (nth) => [0, 1, 3, 4].includes(nth), 300000)
            deepStrictEqual(times.slice(0, 6), [
                0,
                initial,
                3 * initial,
                3 * initial + 10,
                4 * initial + 10,
                6 * initial + 10,
            ])
            strictEqual(s.client.phase, AssociationPhase.connected)
        }
    })

    it("[F17] the server's flight is retransmitted by the same rule", () => {
        const s = withProfile({ ...wifi(), jitter: 0 })
        const times: number[] = []
        s.fault = (_index, toServer, data) => {
            const lost = !toServer && messages(data)[0]?.header.type === 2
            // Only the server's timer runs here, because the client stays silent.
            if (lost) times.push(s.now)
            return lost || (toServer && s.sent > 4) ? [] : [5]
        }
        s.begin()
        s.run(70000)
        deepStrictEqual(
            times.slice(1).map((time, i) => time - times[i]),
            [1000, 2000, 4000, 8000, 16000, 32000],
        )
    })

    it("[F17] jitter lengthens each timeout by at most its fraction, and never shortens it", () => {
        const seen = new Set<number>()
        for (let seed = 0; seed < 50; seed++) {
            const s = simulate((client) => (client.crypto = new SpyCrypto(seed + 1)))
            const [, second] = sendingTimes(s, () => true, 2000)
            ok(second >= 1000 && second <= 1000 + (1000 * wifi().jitter) / 256, `${second} ms`)
            seen.add(second)
        }
        ok(seen.size > 20, `${seen.size} different timeouts`)
    })

    it("[R10] ten retransmissions of every flight: no record number repeats in either direction, in any epoch", () => {
        const s = withProfile({ ...wifi(), attempts: 30, maximum: 1000, deadline: 200000 })
        const times = new Map<string, number>()
        const numbers: Record<string, string[]> = { true: [], false: [] }
        s.fault = (_index, toServer, data) => {
            for (const { header } of records(data)) numbers[String(toServer)].push(`${header.epoch}/${header.sequence}`)
            const flight = `${toServer}/${data[13]}/${data[0]}/${data.length}`
            const count = (times.get(flight) ?? 0) + 1
            times.set(flight, count)
            return count > 10 ? [5] : []
        }
        s.begin()
        s.run(190000)
        strictEqual(s.client.phase, AssociationPhase.connected)
        for (const list of Object.values(numbers)) {
            ok(list.length > 20, `${list.length} records`)
            strictEqual(new Set(list).size, list.length)
        }
    })
})

describe("path MTU", () => {
    const withBudget = (budget: number): Simulation =>
        connected((client, server) => {
            client.pathBudget = server.pathBudget = budget
            server.pskIdentityHint = Buffer.alloc(600, 65)
        })

    for (const mtu of [1280, 576, 300, 128])
        it(`[F21] ${mtu} bytes: no datagram is larger, and the handshake completes without a loss`, () => {
            const s = withBudget(payload(mtu))
            strictEqual(s.client.phase, AssociationPhase.connected)
            ok(s.log.every((datagram) => datagram.length <= payload(mtu)))
            ok(s.serverOutputs.every((output) => output.diagnostic !== Diagnostic.retransmitting))
        })

    for (const mtu of [576, 300])
        it(`[F21] shrinking to ${mtu} bytes mid-flight, without an ICMP error: after repeated loss datagrams fit it`, () => {
            const s = simulate((_client, server) => (server.pskIdentityHint = Buffer.alloc(600, 65)))
            s.fault = (_index, _toServer, data) => (s.sent > 3 && data.length > payload(mtu) ? [] : [5])
            s.begin()
            s.run(60000)
            strictEqual(s.client.phase, AssociationPhase.connected)
            const budgets = s.serverOutputs.filter(({ diagnostic }) => diagnostic === Diagnostic.smallerDatagrams)
            ok(budgets.every(({ detail }) => detail === 548 || detail === 228))
            ok(budgets.length > 0)
        })
})
