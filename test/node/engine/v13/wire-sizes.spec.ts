import { deepStrictEqual, ok, strictEqual } from "node:assert/strict"
import {
    COMPARED_SIGNATURE,
    type HandshakeSize,
    handshakeSizes,
    recordOverheads,
    withoutSignatures,
} from "../../../../bench/wire-sizes.js"

/** Limits for a handshake without a cookie and without the final ACK, with signatures of 64 bytes, in bytes. */
const AIMS = { "1.3 psk_ke": 351, "1.3 psk_dhe_ke": 441, "1.3 raw public keys of both sides": 820 }

describe("bytes on the wire", () => {
    let sizes: HandshakeSize[]
    before(async () => void (sizes = await handshakeSizes()))

    for (const [kind, most] of Object.entries(AIMS))
        it(`a handshake ${kind} with ids of 1 byte takes at most ${most}, counted as the comparison does`, () => {
            const { bytes, finalAck, signatures } = sizes.find((size) => size.kind === kind && !size.hasCookie)!
            const counted = withoutSignatures({ bytes, signatures }) + signatures.length * COMPARED_SIGNATURE
            ok(counted <= most, `${counted} bytes; ${bytes} with signatures of ${signatures.join(" and ")}`)
            strictEqual(signatures.length, kind.includes("keys") ? 2 : 0)
            ok(finalAck > 0)
        })

    it("flights and records add up to the handshake, and a cookie adds a flight of each side", () => {
        for (const { kind, hasCookie, records, flights, bytes, finalAck } of sizes) {
            const sent = records.reduce((total, record) => total + record.bytes, 0)
            strictEqual(sent, bytes + finalAck, kind)
            strictEqual(flights.length, hasCookie ? 6 : 4, kind)
        }
    })

    it("a record of 64 bytes with an id of 4 and CCM_8 has 15 more in DTLS 1.3", () => {
        // 1.2: header 13, id 4, content type 1, explicit nonce 8, tag 8.
        deepStrictEqual(recordOverheads(), { "1.2": 34, "1.3": 15 })
    })
})
