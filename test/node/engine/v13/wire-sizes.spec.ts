import { deepStrictEqual, ok, strictEqual } from "node:assert/strict"
import { type HandshakeSize, handshakeSizes, recordOverheads } from "../../../../bench/wire-sizes.js"

/**
 * Most bytes of a handshake without a cookie and without the acknowledgement at its end. An ECDSA signature on P-256 takes 70 to
 * 72, and there are two.
 */
const AIMS = { "1.3 psk_ke": 351, "1.3 psk_dhe_ke": 441, "1.3 raw public keys of both sides": 828 }

describe("bytes on the wire", () => {
    let sizes: HandshakeSize[]
    before(async () => void (sizes = await handshakeSizes()))

    for (const [kind, most] of Object.entries(AIMS))
        it(`a handshake ${kind} with ids of 1 byte takes at most ${most}, without a cookie and the last acknowledgement`, () => {
            const { bytes, finalAck } = sizes.find((size) => size.kind === kind && !size.hasCookie)!
            ok(bytes <= most, `${bytes} bytes`)
            ok(finalAck > 0)
        })

    it("those of flights and records are those of the handshake, and a cookie adds a flight of each side", () => {
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
