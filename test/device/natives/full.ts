/* As many keys as the crypto library can hold. Creating one more throws, or reuses the place of an unreachable one. */
import * as ds from "@devicescript/core"
import "../../../src/platform/runtime/natives.js"

/** Number of handles and of keys in the library, both 32. */
const PLACES = 32

const text = Buffer.from("what is signed")
const noKey = Buffer.alloc(32)

function scalar(last: number): Buffer {
    const bytes = Buffer.alloc(32)
    bytes[31] = last
    return bytes
}

/** Owns a key; not referenced by anything. */
class Owner {
    constructor(last: number) {
        ds._moteCryptoOwned(ds._moteKeyImport(scalar(last)), this)
    }
}

const signer = ds._moteKeyImport(scalar(7))
const publicKey = ds._moteKeyPublic(signer)
const signature = ds._moteKeySign(signer, text)

function hmac(): unknown {
    const buffers = Buffer as unknown as { digest(key: Buffer, algorithm: string, parts: Buffer[]): Buffer }
    return buffers.digest(noKey, "sha256", [text])
}

function encrypt(): unknown {
    const buffer = text as unknown as { encrypt(algorithm: string, key: Buffer, nonce: Buffer, tag: number): Buffer }
    return buffer.encrypt("aes-256-ccm", noKey, Buffer.alloc(13), 4)
}

function say(name: string, call: () => unknown): void {
    try {
        const result = call()
        console.log(name + ": " + (result === true || result === false ? "" + result : typeof result))
    } catch (e) {
        console.log(name + ": " + (e as Error).name + " " + (e as Error).message)
    }
}

function everything(prepare: () => void): void {
    prepare()
    say("verify", () => ds._moteKeyVerify(publicKey, text, signature))
    prepare()
    say("new", () => ds._moteCryptoClose(ds._moteKeyNew(29)))
    prepare()
    say("import", () => ds._moteCryptoClose(ds._moteKeyImport(scalar(9))))
    prepare()
    say("HMAC of a Buffer", hmac)
    prepare()
    say("a Buffer encrypted", encrypt)
}

const kept: number[] = []
everything(() => {
    while (kept.length < PLACES - 1) kept.push(ds._moteKeyImport(scalar(kept.length + 1)))
})
for (const key of kept) ds._moteCryptoClose(key)
// Uses the places that are free now.
let made = 0
everything(() => {
    for (let i = 0; i < PLACES - 1; i++) {
        const owner = new Owner(i + 1)
        if (owner !== undefined) made++
    }
})
console.log("lost keys: " + made)
ds.restart()
