/* A collection must not free keys that are still in use, and keys must be freed without memory pressure. */
import * as ds from "@devicescript/core"
import "../../../src/platform/runtime/natives.js"
import { RuntimeCryptoProvider } from "../../../src/platform/runtime/crypto.js"
import { HashAlgorithm } from "../../../src/dtls/crypto/algorithms.js"

const text = Buffer.from("what is signed")

function scalar(last: number): Buffer {
    const bytes = Buffer.alloc(32)
    bytes[31] = last
    return bytes
}

/** Owns its key; becomes unreachable while the signature is computed. */
class Signer {
    private handle: number

    constructor(last: number) {
        this.handle = ds._moteCryptoOwned(ds._moteKeyImport(scalar(last)), this)
    }

    sign(): Buffer {
        return ds._moteKeySign(this.handle, text)
    }
}

/** The heap is not filled, only handles run out. */
async function manyWithoutPressure(): Promise<void> {
    const crypto = new RuntimeCryptoProvider()
    let made = 0
    for (let i = 0; i < 100; i++) {
        crypto.newHash(HashAlgorithm.sha256)
        made++
        await ds.sleep(1)
    }
    console.log("dropped hashes: " + made)
}

async function droppedSigners(): Promise<void> {
    const publicKey = ds._moteKeyPublic(ds._moteKeyImport(scalar(7)))
    let right = 0
    for (let i = 0; i < 10; i++) {
        const signature = new Signer(7).sign()
        if (signature !== undefined && ds._moteKeyVerify(publicKey, text, signature) === true) right++
        await ds.sleep(1)
    }
    console.log("by dropped signers: " + right + " of 10")
}

async function signInto(results: Buffer[], key: number): Promise<void> {
    results.push(ds._moteKeySign(key, text))
}

async function verifyNothing(publicKey: Buffer): Promise<void> {
    ds._moteKeyVerify(publicKey, text, Buffer.alloc(64))
}

async function closeWhileSigning(publicKey: Buffer): Promise<boolean> {
    const key = ds._moteKeyImport(scalar(9))
    const results: Buffer[] = []
    // Other work comes first, so that this has to wait for its turn.
    verifyNothing.start(publicKey)
    signInto.start(results, key)
    await ds.sleep(1)
    ds._moteCryptoClose(key)
    const next = ds._moteKeyImport(scalar(11))
    for (let i = 0; i < 200 && results.length === 0; i++) await ds.sleep(5)
    ds._moteCryptoClose(next)
    return results.length > 0 && results[0] !== undefined && ds._moteKeyVerify(publicKey, text, results[0]) === true
}

/**
 * A key that is closed while it signs must still be used, and not the next key that gets its number from the library.
 */
async function closedWhileSigning(): Promise<void> {
    const publicKey = ds._moteKeyPublic(ds._moteKeyImport(scalar(9)))
    let right = 0
    for (let i = 0; i < 10; i++) {
        if (await closeWhileSigning(publicKey)) right++
    }
    console.log("closed while signing: " + right + " of 10")
}

await manyWithoutPressure()
await droppedSigners()
await closedWhileSigning()
ds.restart()
