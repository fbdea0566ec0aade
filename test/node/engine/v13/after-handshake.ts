/* Both sides of DTLS 1.3 after their handshake, and records sealed in addition to what the simulation sends. */
import { ok } from "node:assert/strict"
import { type Association } from "../../../../src/dtls/association/association.js"
import { TLS_AES_128_CCM_SHA256 } from "../../../../src/dtls/handshake/v13/suites.js"
import { type Simulation } from "../../../engine/simulation.js"
import { simulateV13 } from "./versions.js"

/** message_seq of a server's next message, after HelloRetryRequest, ServerHello, EncryptedExtensions and Finished. */
export const SERVER_SEQ = 4

/**
 * Both sides are connected, and the client's Finished is acknowledged. @param limit records that the client may seal
 * with one key
 */
export function connected(limit?: number): Simulation {
    const s = simulateV13((client) => {
        const suite = TLS_AES_128_CCM_SHA256()
        if (limit !== undefined) suite.aead.confidentialityLimit = limit
        client.suites = [suite]
    })
    s.connect()
    return s
}

/** A record sealed by `from` under its newest keys or those of an older epoch, which is not delivered. */
export function sealed(from: Association, type: number, plaintext: Buffer, epoch = from.record.write.epoch): Buffer {
    const write = from.record.writeEpoch(epoch)
    ok(write?.protection !== undefined)
    return write.protection.sealRecords(type, write.nextSequence++, [plaintext], true)
}
