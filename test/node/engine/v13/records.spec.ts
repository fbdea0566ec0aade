import { deepStrictEqual, strictEqual } from "node:assert/strict"
import {
    AES_128_CCM,
    AES_128_CCM_8,
    type AeadParameters,
    CHACHA20_POLY1305,
    SHA_256,
} from "../../../../src/dtls/crypto/algorithms.js"
import { type RecordProtection } from "../../../../src/dtls/crypto/provider.js"
import { ProtectionV13, reconstruct, type RecordKeys } from "../../../../src/dtls/record/v13/protection.js"
import { NodeCryptoProvider } from "../../../../src/platform/node/crypto.js"

import { ContentType } from "../../../../src/dtls/wire/code-points.js"
import { ACK } from "../../../../src/dtls/wire/v13/code-points.js"
import { drops } from "../../../support/connected.js"
import { connected, sealed } from "./after-handshake.js"

const ID = Buffer.from("c1d2e3f4", "hex")
const EMPTY = Buffer.alloc(0)

const crypto = new NodeCryptoProvider()

function keys({ algorithm, keyLength }: AeadParameters): RecordKeys {
    return {
        aead: crypto.newAead(algorithm, Buffer.alloc(keyLength, 1)),
        numbers: crypto.newRecordNumberCipher(algorithm, Buffer.alloc(keyLength, 3)),
        iv: Buffer.alloc(12, 2),
    }
}

/** Both ends of one direction of epoch 3. */
function pair(aead: AeadParameters, id = EMPTY): { write: RecordProtection; read: RecordProtection } {
    const context = { secret: crypto.newSecret(SHA_256(), EMPTY), aead, epoch: 3, id, ids: undefined }
    return {
        write: new ProtectionV13(keys(aead), { ...context, reading: false }),
        read: new ProtectionV13(keys(aead), { ...context, reading: true }),
    }
}

/** @returns the message as text, or the reason why there is none */
function opened(read: RecordProtection, record: Buffer, expected: number, end = record.length): string {
    const sequence = read.sequenceOf(record, 0, end, expected)
    if (sequence < 0) return "not ours"
    return read.openRecord(record, 0, read.lengthOf(record, 0), sequence)?.toString() ?? "not authentic"
}

describe("records of DTLS 1.3", () => {
    it("[R22] have a number of 8 or 16 bits, a length or not, an id or not: each form is read", () => {
        for (const id of [EMPTY, ID])
            for (const sequence of [5, 500])
                for (const ends of [true, false]) {
                    const { write, read } = pair(AES_128_CCM(), id)
                    const record = write.sealRecords(23, sequence, [Buffer.from("reading")], ends)
                    const first = 0x23 + (id.length > 0 ? 0x10 : 0) + (sequence > 127 ? 8 : 0) + (ends ? 0 : 4)
                    strictEqual(record[0], first)
                    strictEqual(opened(read, record, sequence), "reading")
                    // Bytes after a record without a length belong to it, so it does not verify; otherwise they are the
                    // next record.
                    const more = Buffer.concat([record, Buffer.from([22])])
                    strictEqual(opened(read, more, sequence), ends ? "not authentic" : "reading")
                }
    })

    it("[R22] [C12] of another epoch, with an id where none was negotiated, or with the header of 1.2 do not fit these keys; with another id they do not verify", () => {
        const { write, read } = pair(AES_128_CCM())
        const record = write.sealRecords(23, 0, [Buffer.from("reading")], true)
        for (const first of [0x22, 0x33, 0x43, 0x03, 0x17]) {
            const changed = Buffer.from(record)
            changed[0] = first
            strictEqual(opened(read, changed, 0), "not ours")
        }
        const withId = pair(AES_128_CCM(), ID)
        const other = withId.write.sealRecords(23, 0, [Buffer.from("reading")], true)
        other[1] ^= 1
        strictEqual(opened(withId.read, other, 0), "not authentic")
    })

    it("that are cut anywhere are malformed or not authentic", () => {
        const { write, read } = pair(AES_128_CCM(), ID)
        const record = write.sealRecords(23, 300, [Buffer.from("reading")], false)
        for (let end = 0; end < record.length; end++) strictEqual(opened(read, record, 300, end), "not ours")
    })

    it("of 64 bytes with an id of 4 and CCM_8 have 15 more; short messages are padded for the sample of 16 bytes", () => {
        const { write, read } = pair(AES_128_CCM_8(), ID)
        strictEqual(write.sealRecords(23, 0, [Buffer.alloc(64)], true).length, 64 + 15)
        const short = write.sealRecords(23, 1, [Buffer.from("a")], true)
        strictEqual(short.length, 1 + 4 + 1 + 16)
        strictEqual(opened(read, short, 1), "a")
    })

    it("are masked by their AEAD's cipher, ChaCha20 included", () => {
        const { write, read } = pair(CHACHA20_POLY1305())
        for (const sequence of [0, 70000])
            strictEqual(opened(read, write.sealRecords(23, sequence, [Buffer.from("x")], true), sequence), "x")
    })

    it("[R23] cross 2^8 and 2^16, reordered around both: each number is reconstructed", () => {
        const { write, read } = pair(AES_128_CCM())
        for (const edge of [256, 65536]) {
            let top = edge - 3
            for (const sequence of [edge - 1, edge + 1, edge - 2, edge, edge + 2]) {
                const record = write.sealRecords(23, sequence, [Buffer.from(`${sequence}`)], true)
                strictEqual(opened(read, record, top + 1), `${sequence}`)
                top = Math.max(top, sequence)
            }
        }
    })

    it("[R23] have the number nearest to the expected one, of 8 and of 16 bits (RFC 9147 §4.2.2)", () => {
        for (const length of [1, 2]) {
            const count = 256 ** length
            const wrong: string[] = []
            for (const number of [0, 1, count - 1, count, count + 1, 1.5 * count, 2 * count - 1, 2 ** 40 + 5])
                for (const distance of [1 - count / 2, -1, 0, 1, count / 2 - 1])
                    if (number + distance >= 0 && reconstruct(number % count, length, number + distance) !== number)
                        wrong.push(`${number} from ${distance}`)
            deepStrictEqual(wrong, [])
        }
    })
})

describe("records of DTLS 1.3 without content", () => {
    it("[R19] are one message of 0 bytes of application data; empty handshake messages, alerts and acknowledgements are discarded and counted", () => {
        const s = connected()
        const server = s.serverAssociation()
        const take = (type: number): void => {
            s.toServer(sealed(s.client, type, EMPTY))
            s.drain()
        }
        take(ContentType.applicationData)
        s.clientSends("x")
        s.run(s.now + 100)
        deepStrictEqual(s.serverMessages, ["", "x"])
        const kinds: [number, string][] = [
            [ContentType.handshake, "badFragment"],
            [ContentType.alert, "unexpected"],
            [ACK, "unexpected"],
        ]
        for (const [type, reason] of kinds) {
            const before = drops(server)
            take(type)
            deepStrictEqual(drops(server), { ...before, [reason]: (before[reason] ?? 0) + 1 })
        }
        strictEqual(server.failure, undefined)
    })
})
