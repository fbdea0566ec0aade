import { deepStrictEqual, ok, strictEqual } from "node:assert/strict"
import { randomBytes } from "node:crypto"
import { type AeadParameters, aeads } from "../../../src/dtls/crypto/algorithms.js"
import { type RecordProtection } from "../../../src/dtls/crypto/provider.js"
import { protectByAead } from "../../../src/dtls/record/v12/cid-protection.js"
import { ContentType } from "../../../src/dtls/wire/code-points.js"
import { NodeCryptoProvider } from "../../../src/platform/node/crypto.js"

const crypto = new NodeCryptoProvider()
const { applicationData } = ContentType

/** Keys of one direction. */
class Keys {
    private key: Buffer
    private iv: Buffer

    constructor(
        private aead: AeadParameters,
        private id: Buffer,
    ) {
        this.key = randomBytes(aead.keyLength)
        this.iv = randomBytes(aead.fixedIvLength)
    }

    /** Node's implementation. */
    protection(): RecordProtection {
        const { aead, key, iv, id } = this
        return crypto.newProtection(crypto.newAead(aead.algorithm, key), 1, Buffer.from(iv), id)
    }

    /** The engine's implementation; created anew for each record, it uses a new node:crypto cipher each time. */
    byAead(): RecordProtection {
        const { aead, key, iv, id } = this
        return protectByAead(crypto.newAead(aead.algorithm, key), 1, Buffer.from(iv), id)
    }
}

/** Every AEAD, with and without a connection id. */
function everyForm(check: (keys: Keys) => void): void {
    for (const aead of aeads()) for (const length of [0, 1, 40]) check(new Keys(aead, randomBytes(length)))
}

const lengths = [0, 1, 7, 8, 15, 16, 17, 64, 300, 1200, 2047, 2048, 2049, 16384]

function opened(protection: RecordProtection, record: Buffer): Buffer | undefined {
    const sequence = protection.sequenceOf(record, 0, record.length, 0)
    return sequence < 0 ? undefined : (protection.openRecord(record, 0, record.length, sequence) ?? undefined)
}

describe("records in Node, whose ciphers are reused", () => {
    it("are byte for byte those of the engine's own protection, whatever their length, the first ones and later ones", () => {
        everyForm((keys) => {
            const ours = keys.protection()
            for (const [sequence, length] of [...lengths, ...lengths].entries()) {
                const message = randomBytes(length)
                const record = keys.byAead().sealRecords(applicationData, sequence, [message])
                deepStrictEqual(ours.sealRecords(applicationData, sequence, [message]), record)
            }
        })
    })

    it("are opened again, by either, several per datagram too", () => {
        everyForm((keys) => {
            const [sealing, opening] = [keys.protection(), keys.protection()]
            const messages = lengths.map((length) => randomBytes(length))
            const datagram = sealing.sealRecords(applicationData, 5, messages)
            let at = 0
            for (const [index, message] of messages.entries()) {
                const sequence = opening.sequenceOf(datagram, at, datagram.length, 0)
                strictEqual(sequence, 5 + index)
                const end = at + opening.lengthOf(datagram, at)
                const engine = keys.byAead()
                deepStrictEqual(engine.openRecord(datagram, at, end, sequence), message)
                deepStrictEqual(opening.openRecord(datagram, at, end, sequence), message)
                strictEqual(opening.openedType(), engine.openedType())
                at = end
            }
            strictEqual(at, datagram.length)
        })
    })

    it("are refused with any byte changed, by reused ciphers as by new ones, which still open the next one", () => {
        everyForm((keys) => {
            const [sealing, opening] = [keys.protection(), keys.protection()]
            for (let sequence = 0; sequence < 12; sequence++) {
                const record = sealing.sealRecords(applicationData, sequence, [Buffer.from("21.5")])
                for (let at = 0; at < record.length; at += 3) {
                    const forged = Buffer.from(record)
                    forged[at] = forged[at] ^ (1 << (sequence & 7))
                    strictEqual(opened(opening, forged), undefined, `byte ${at} of record ${sequence}`)
                }
                deepStrictEqual(String(opened(opening, record)), "21.5")
            }
        })
    })

    it("work with more keys than there are reusable ciphers, and show nothing beside the message", () => {
        const [ccm8] = aeads()
        const pairs = Array.from({ length: 300 }, () => new Keys(ccm8, Buffer.alloc(0))).map((keys) => ({
            sealing: keys.protection(),
            opening: keys.protection(),
        }))
        for (let sequence = 0; sequence < 8; sequence++)
            for (const { sealing, opening } of pairs) {
                const message = opened(opening, sealing.sealRecords(applicationData, sequence, [Buffer.from("21.5")]))
                strictEqual(String(message), "21.5")
                const around = new Uint8Array(message?.buffer as ArrayBuffer)
                ok(
                    around.length < 100 &&
                        around.every((byte) => byte === 0 || "21.5".includes(String.fromCharCode(byte))),
                )
            }
    })

    it("have explicit nonces, which need not be consecutive, up to the largest possible one", () => {
        const [ccm8] = aeads()
        const key = randomBytes(ccm8.keyLength)
        const [kept, aad, plaintext] = [crypto.newAead(ccm8.algorithm, key), randomBytes(13), randomBytes(40)]
        const last = 2 ** 48 - 1
        const numbers = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 8, 3, last - 4, last - 3, last - 2, last - 1, last, 0, 1]
        for (const fixed of [1, 1, 2])
            for (const number of numbers) {
                const nonce = Buffer.alloc(12, fixed)
                nonce.writeUIntBE(number, 6, 6)
                const sealed = crypto.newAead(ccm8.algorithm, key).seal(nonce, aad, plaintext)
                deepStrictEqual(kept.seal(nonce, aad, plaintext), sealed, `${fixed}, ${number}`)
                deepStrictEqual(kept.open(nonce, aad, sealed), plaintext, `${fixed}, ${number}`)
            }
    })

    it("cannot be made or opened once the keys are erased", () => {
        const [ccm8] = aeads()
        const keys = new Keys(ccm8, Buffer.alloc(0))
        const [sealing, opening] = [keys.protection(), keys.protection()]
        for (let sequence = 0; sequence < 8; sequence++) {
            const record = sealing.sealRecords(applicationData, sequence, [Buffer.from("21.5")])
            if (sequence === 7) opening.close()
            strictEqual(opened(opening, record)?.toString(), sequence < 7 ? "21.5" : undefined)
        }
    })
})
