/* Handles that end with their objects, wrapped keys, and records sealed in place. */
import * as ds from "@devicescript/core"
import "../../../src/platform/runtime/natives.js"
import { copyOf } from "../../../src/dtls/bytes/bytes.js"
import { RuntimeCryptoProvider } from "../../../src/platform/runtime/crypto.js"
import { AeadAlgorithm, HashAlgorithm } from "../../../src/dtls/crypto/algorithms.js"
import { type Aead } from "../../../src/dtls/crypto/provider.js"

const crypto = new RuntimeCryptoProvider()
const key = Buffer.from("0123456789abcdef")
const nonce = Buffer.alloc(12)
const text = Buffer.from("what is to be kept secret")

function thrown(name: string, call: () => unknown): void {
    try {
        call()
        console.log(name + ": nothing thrown")
    } catch (e) {
        console.log(name + ": " + (e as Error).name + " " + (e as Error).message)
    }
}

async function finalizers(): Promise<void> {
    const kept = crypto.newAead(AeadAlgorithm.aes128Ccm8, key)
    let made = 0
    for (let i = 0; i < 250; i++) {
        // Far more objects than there are handles; filling the heap causes collections.
        crypto.newHash(HashAlgorithm.sha256).update(Buffer.alloc(600))
        crypto.newAead(AeadAlgorithm.aes128Ccm8, key).seal(nonce, text, Buffer.alloc(600))
        made += 2
        await ds.sleep(1)
    }
    console.log(made + " objects, none closed: all made")
    const sealed = kept.seal(nonce, nonce, text)
    console.log("kept: " + (kept.open(nonce, nonce, sealed) === undefined ? "broken" : "works"))
    const hash = ds._moteHashNew(4)
    ds._moteCryptoClose(hash)
    thrown("closed by hand", () => ds._moteCryptoOwned(hash, crypto))
    thrown("owned by a number", () => ds._moteCryptoOwned(ds._moteHashNew(4), 5 as unknown as object))
}

/** More keys than the platform keeps keyed contexts for, used in rotation; some are closed meanwhile. */
function manyKeys(): void {
    const aeads: Aead[] = []
    const sealed: Buffer[] = []
    for (let i = 0; i < 10; i++) {
        const secret = copyOf(key, 0, key.length)
        secret[0] = i
        aeads.push(crypto.newAead((i & 1) === 0 ? AeadAlgorithm.aes128Ccm : AeadAlgorithm.aes128Ccm8, secret))
        sealed.push(aeads[i].seal(nonce, nonce, text))
    }
    let own = 0
    let others = 0
    for (let turn = 0; turn < 10; turn++) {
        for (let i = turn; i < aeads.length; i++) {
            if (aeads[i].open(nonce, nonce, sealed[i]) !== undefined) own++
            if (aeads[i].open(nonce, nonce, sealed[i < 8 ? i + 2 : i - 8]) !== undefined) others++
        }
        aeads[turn].close()
    }
    console.log("ten keys in turn: " + own + " of 55 opened by their own, " + others + " by another")
}

function opens(aead: Aead | undefined): string {
    if (aead === undefined) return "undefined"
    const sealed = crypto.newAead(AeadAlgorithm.aes128Ccm8, key).seal(nonce, nonce, text)
    const opened = aead.open(nonce, nonce, sealed)
    return opened !== undefined && opened.toString("hex") === text.toString("hex") ? "opens" : "does not open"
}

async function wraps(): Promise<void> {
    const aead = crypto.newAead(AeadAlgorithm.aes128Ccm8, key)
    const wrapper = crypto.newAead(AeadAlgorithm.aes128Ccm, Buffer.from("fedcba9876543210"))
    const wrapped = crypto.wrapAead(aead, wrapper)
    aead.close()
    console.log("wrapped: 16 + 16 + " + (wrapped.length - 32))
    console.log("unwrapped: " + opens(crypto.unwrapAead(wrapped, wrapper)))
    const second = crypto.newAead(AeadAlgorithm.aes128Ccm8, key)
    const again = crypto.wrapAead(second, wrapper)
    console.log("twice wrapped: " + (again.toString("hex") === wrapped.toString("hex") ? "same" : "other") + " bytes")
    let refused = 0
    for (let i = 0; i < wrapped.length; i++) {
        wrapped[i] = wrapped[i] ^ 1
        if (crypto.unwrapAead(wrapped, wrapper) === undefined) refused++
        wrapped[i] = wrapped[i] ^ 1
        await ds.sleep(1)
    }
    console.log("changed: " + refused + " of " + wrapped.length + " refused")
    console.log("short: " + opens(crypto.unwrapAead(copyOf(wrapped, 0, 31), wrapper)))
    console.log("by another wrapper: " + opens(crypto.unwrapAead(wrapped, second)))
    thrown("itself", () => crypto.wrapAead(second, second))
    const plain = ds._moteAeadNew(1, key)
    const hash = ds._moteHashNew(4)
    thrown("a hash", () => ds._moteCryptoWrap(hash, plain))
    thrown("a hash as wrapper", () => ds._moteCryptoWrap(plain, hash))
}

function stateOf(aead: number): Buffer {
    const state = Buffer.alloc(32)
    state[0] = 1
    state[1] = aead >> 8
    state[2] = aead & 255
    state[4] = 1
    state[23] = 4
    state[24] = 8
    return state
}

async function inPlace(): Promise<void> {
    const aead = ds._moteAeadNew(1, key)
    const one = stateOf(aead)
    const two = stateOf(aead)
    let same = 0
    let opened = 0
    const target = Buffer.alloc(100)
    for (let i = 0; i < 20; i++) {
        const message = copyOf(text, 0, i)
        target.blitAt(5 + 21, message, 0, i)
        const length = ds._moteRecordSealInPlace(one, 23, target, 5, i)
        const record = ds._moteRecordSeal(two, 23, i, [message], true)
        if (copyOf(target, 5, 5 + length).toString("hex") === record.toString("hex")) same++
        const bytes = ds._moteRecordOpenInPlace(one, target, 5)
        if (bytes === i && copyOf(target, 26, 26 + bytes).toString("hex") === message.toString("hex")) opened++
        await ds.sleep(1)
    }
    console.log("in place: same as not in place, " + same + " times")
    console.log("opened in place: same text, " + opened + " times")
    target.blitAt(21, text, 0, text.length)
    const length = ds._moteRecordSealInPlace(two, 23, target, 0, text.length)
    target[length - 1] = target[length - 1] ^ 1
    const nothing = ds._moteRecordOpenInPlace(two, target, 0)
    const shows = target.toString("hex").includes(copyOf(text, 0, 8).toString("hex"))
    console.log("changed in place: " + nothing + ", " + (shows ? "the text" : "nothing of the text"))
    thrown("too short", () => ds._moteRecordSealInPlace(one, 23, target, 60, 40))
    console.log("no number taken: " + one[10])
}

/** Opens only the record with that number. */
function inOrder(): void {
    const aead = ds._moteAeadNew(1, key)
    const records = ds._moteRecordSeal(stateOf(aead), 23, 0x7fffffff, [text, text], true)
    const length = records.length / 2
    const say = (what: string, at: number, end: number, sequence: number): void => {
        const state = stateOf(aead)
        const opened = ds._moteRecordOpen(state, records, at, end, sequence)
        const result = opened instanceof Buffer ? opened.toString("hex") === text.toString("hex") : opened
        console.log(what + ": " + result + ", type " + state[26])
    }
    console.log("number of the second: " + ds._moteRecordSequence(stateOf(aead), records, length, records.length, 0))
    say("the first", 0, length, 0x7fffffff)
    say("the second", length, records.length, 0x80000000)
    say("another number", 0, length, 0x80000000)
    say("more behind it", 0, records.length, 0x7fffffff)
    say("cut off", 0, length - 1, 0x7fffffff)
    records[length - 1] = records[length - 1] ^ 1
    say("forged", 0, length, 0x7fffffff)
    thrown("no number", () => ds._moteRecordOpen(stateOf(aead), records, 0, length, 0.5))
    thrown("no number is left", () => ds._moteRecordSeal(stateOf(aead), 23, 0xfffffffffffe, [text, text], true))
}

function pairs(): void {
    const wrapper = ds._moteAeadNew(3, key)
    for (const group of [23, 29]) {
        const pair = ds._moteKeyNew(group)
        const peer = ds._moteKeyPublic(ds._moteKeyNew(group))
        const again = ds._moteCryptoUnwrap(ds._moteCryptoWrap(pair, wrapper), wrapper) as number
        const publicKey = ds._moteKeyPublic(again).toString("hex") === ds._moteKeyPublic(pair).toString("hex")
        const one = ds._moteKeyAgree(pair, peer) as Buffer
        const two = ds._moteKeyAgree(again, peer) as Buffer
        const secret = one.toString("hex") === two.toString("hex")
        console.log(
            "group " +
                group +
                (publicKey ? ": same" : ": other") +
                " public key, " +
                (secret ? "same" : "other") +
                " secret",
        )
    }
    const secret = Buffer.alloc(32)
    secret[31] = 5
    const wrapped = ds._moteCryptoWrap(ds._moteKeyImport(secret), wrapper)
    const signer = ds._moteCryptoUnwrap(wrapped, wrapper) as number
    const verifies = ds._moteKeyVerify(ds._moteKeyPublic(signer), text, ds._moteKeySign(signer, text))
    console.log("for signatures: " + (verifies === true ? "verifies" : "does not verify"))
}

await finalizers()
manyKeys()
await wraps()
await inPlace()
inOrder()
if (ds._moteSetting("pairs") === "yes") pairs()
ds.restart()
