import { concat, copyOf, join, wipe } from "../../bytes/bytes.js"
import { Writer } from "../../bytes/writer.js"
import { prf } from "./prf.js"
import { type Hmac, type WriteKeys } from "../provider.js"
import { type AeadParameters } from "../algorithms.js"

/** Lengths of the master secret and of verify_data, bytes (RFC 5246 §8.1, §7.4.9). */
export const MASTER_SECRET_LENGTH = 48
export const VERIFY_DATA_LENGTH = 12

export interface KeyBlock {
    client: WriteKeys
    server: WriteKeys
}

/** RFC 5246 §8.1. */
export function masterSecret(premaster: Hmac, clientRandom: Buffer, serverRandom: Buffer): Buffer {
    return prf(premaster, "master secret", concat(clientRandom, serverRandom), MASTER_SECRET_LENGTH)
}

/** RFC 7627 §4; `sessionHash` covers everything through ClientKeyExchange. */
export function extendedMasterSecret(premaster: Hmac, sessionHash: Buffer): Buffer {
    return prf(premaster, "extended master secret", sessionHash, MASTER_SECRET_LENGTH)
}

/** RFC 5246 §6.3 without MAC keys: only the bytes that an AEAD suite needs. */
export function keyBlock(master: Hmac, aead: AeadParameters, clientRandom: Buffer, serverRandom: Buffer): KeyBlock {
    const key = aead.keyLength
    const iv = aead.fixedIvLength
    const seed = concat(serverRandom, clientRandom)
    const block = prf(master, "key expansion", seed, 2 * (key + iv))
    const keys: KeyBlock = {
        client: { key: copyOf(block, 0, key), iv: copyOf(block, 2 * key, 2 * key + iv) },
        server: { key: copyOf(block, key, 2 * key), iv: copyOf(block, 2 * key + iv, 2 * (key + iv)) },
    }
    wipe(block)
    return keys
}

/** verify_data of a Finished message (RFC 5246 §7.4.9). */
export function verifyData(master: Hmac, fromClient: boolean, transcriptHash: Buffer): Buffer {
    return prf(master, fromClient ? "client finished" : "server finished", transcriptHash, VERIFY_DATA_LENGTH)
}

/** RFC 5705 §4. An absent context and one of 0 bytes give different values. */
export function exporterSeed(clientRandom: Buffer, serverRandom: Buffer, context: Buffer | undefined): Buffer {
    if (context === undefined) return concat(clientRandom, serverRandom)
    const length = new Writer(2)
    length.uint(context.length, 2)
    return join([clientRandom, serverRandom, length.finish(), context])
}
