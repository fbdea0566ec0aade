import { deepStrictEqual, ok, strictEqual } from "node:assert/strict"
import { AuthenticationMode } from "../../../../src/dtls/handshake/key-exchange.js"
import { recordSizeLimit } from "../../../../src/dtls/handshake/record-limits.js"
import { OutputKind } from "../../../../src/dtls/association/output.js"
import { type KeyedSimulation } from "../../../engine/keyed-simulation.js"
import { certified, CertifiedSide } from "./certified.js"
import { isSettled } from "./versions.js"

/** Bytes of a record in addition to its content: header with a long number and a length, content type, CCM's tag. */
const MOST_AROUND = 5 + 1 + 16

describe("record_size_limit in DTLS 1.3", () => {
    const [client, server] = [new CertifiedSide(true), new CertifiedSide(true)]
    const known = { client: client.knows(server), server: server.knows(client) }

    async function limited(ofClient: number | undefined, ofServer: number | undefined): Promise<KeyedSimulation> {
        const s = certified({
            ...known,
            mode: AuthenticationMode.required,
            change: (...sides) =>
                [ofClient, ofServer].forEach((limit, i) => {
                    if (limit !== undefined) sides[i].extensions.push(recordSizeLimit(limit)(sides[i].crypto))
                }),
        })
        await s.shakeHands(3000)
        ok(isSettled(s), JSON.stringify([s.client.failure, s.peer?.association.failure]))
        return s
    }

    /** The largest datagrams with protected records, from the client and the server. */
    function largest(s: KeyedSimulation): number[] {
        return [s.clientOutputs, s.serverOutputs].map((outputs) => {
            const sizes = outputs
                .filter(({ kind, data }) => kind === OutputKind.datagram && ((data as Buffer)[0] & 0xe0) === 0x20)
                .map(({ data }) => (data as Buffer).length)
            return Math.max(...sizes)
        })
    }

    it("each side keeps to the other's limit in the handshake and after it; the content type counts", async () => {
        const s = await limited(200, 120)
        const limits = [s.client, s.serverAssociation()].map(({ record }) => [record.readLimit, record.writeLimit])
        deepStrictEqual(limits, [
            [199, 119],
            [119, 199],
        ])
        const [ofClient, ofServer] = largest(s)
        ok(ofClient <= 119 + MOST_AROUND, `${ofClient}`)
        ok(ofServer <= 199 + MOST_AROUND, `${ofServer}`)
    })

    it("does not apply where only one side has it", async () => {
        for (const [ofClient, ofServer] of [
            [100, undefined],
            [undefined, 100],
        ]) {
            const s = await limited(ofClient, ofServer)
            strictEqual(s.client.record.writeLimit, 16384)
            ok(largest(s)[0] > 1000)
        }
    })
})
