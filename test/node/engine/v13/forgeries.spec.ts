import { deepStrictEqual, strictEqual } from "node:assert/strict"
import { type Association } from "../../../../src/dtls/association/association.js"
import { FailureReason } from "../../../../src/dtls/handshake/failure.js"
import { TLS_AES_128_CCM_8_SHA256, TLS_AES_128_CCM_SHA256 } from "../../../../src/dtls/handshake/v13/suites.js"
import { ContentType } from "../../../../src/dtls/wire/code-points.js"
import { type Simulation } from "../../../engine/simulation.js"
import { sealed } from "./after-handshake.js"
import { simulateV13 } from "./versions.js"

/** Limit on failed records, for a server with CCM_8. */
const LIMIT = 10

function connected(suite = TLS_AES_128_CCM_8_SHA256()): Simulation {
    const s = simulateV13((client, server) => {
        client.suites = server.suites = [suite]
        server.limits = { ...server.limits, ccm8Failures: LIMIT }
    })
    s.connect()
    return s
}

/** Sends datagrams to the server that look like the client's. */
function forge(s: Simulation, count: number): void {
    const datagram = sealed(s.client, ContentType.applicationData, Buffer.from("forged"))
    datagram[datagram.length - 1] ^= 1
    for (let i = 0; i < count; i++) s.toServer(datagram)
    s.drain()
}

function epochs(one: Association): number[] {
    const { readEpoch, writeEpoch } = one.snapshot()
    return [readEpoch, writeEpoch]
}

describe("forged records in DTLS 1.3 (RFC 9147 §4.5.3)", () => {
    it("[R25] the peer is asked for new keys before too many records have failed under those in use, and the count restarts", () => {
        const s = connected()
        forge(s, LIMIT / 2 - 1)
        s.run(s.now + 1000)
        deepStrictEqual(epochs(s.serverAssociation()), [3, 3])
        for (let round = 1; round <= 10; round++) {
            forge(s, LIMIT / 2)
            s.run(s.now + 1000)
            deepStrictEqual(epochs(s.serverAssociation()), [3 + round, 3 + round])
            deepStrictEqual(epochs(s.client), [3 + round, 3 + round])
        }
        s.clientSends("still here")
        s.run(s.now + 1000)
        deepStrictEqual(s.serverMessages, ["still here"])
    })

    it("[R25] a peer that does not update its keys is asked once, and with CCM_8 the association ends at the limit", () => {
        const s = connected()
        s.fault = (_index, toServer) => (toServer ? [5] : [])
        const before = s.sent
        forge(s, LIMIT - 1)
        strictEqual(s.serverAssociation().failure, undefined)
        s.run(s.now + 100)
        strictEqual(s.sent, before + 1)
        forge(s, 1)
        strictEqual(s.serverAssociation().failure?.reason, FailureReason.tooManyForgeries)
    })

    it("[R25] a client that sleeps meanwhile is asked again when it is heard from, and loses nothing", () => {
        const s = connected()
        s.fault = (_index, toServer) => (toServer ? [5] : [])
        forge(s, LIMIT / 2)
        s.run(s.now + 3600000)
        strictEqual(s.serverAssociation().failure, undefined)
        s.fault = () => [5]
        s.clientSends("awake")
        s.run(s.now + 1000)
        deepStrictEqual(epochs(s.serverAssociation()), [4, 4])
        deepStrictEqual(s.serverMessages, ["awake"])
    })

    it("[R25] with tags of 16 bytes that takes half of AES-CCM's limit, however many records a datagram has", () => {
        const s = connected(TLS_AES_128_CCM_SHA256())
        const server = s.serverAssociation()
        server.record.failedRecords = 4194304 / server.settings.limits.recordsPerDatagram - 2
        forge(s, 1)
        s.run(s.now + 1000)
        deepStrictEqual(epochs(server), [3, 3])
        forge(s, 1)
        s.run(s.now + 1000)
        deepStrictEqual(epochs(server), [4, 4])
        strictEqual(server.record.failedRecords, 0)
    })
})
