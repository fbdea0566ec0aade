/*
 * Key agreement and signatures: with itself, with a peer whose public keys are in the settings, and with invalid keys.
 * Lines with "out" are for the test, which has the other half.
 */
import * as ds from "@devicescript/core"
import "../../../src/platform/runtime/natives.js"

const ROUNDS = parseInt(ds._moteSetting("rounds") ?? "5")

function hexText(bytes: Buffer | undefined): string {
    return bytes === undefined ? "undefined" : bytes.toString("hex")
}

async function agree(group: number, name: string): Promise<void> {
    let same = 0
    for (let i = 0; i < ROUNDS; i++) {
        const one = ds._moteKeyNew(group)
        const two = ds._moteKeyNew(group)
        const first = ds._moteKeyAgree(one, ds._moteKeyPublic(two))
        const second = ds._moteKeyAgree(two, ds._moteKeyPublic(one))
        if (first !== undefined && first.length === 32 && hexText(first) === hexText(second)) same++
        ds._moteCryptoClose(one)
        ds._moteCryptoClose(two)
        await ds.sleep(1)
    }
    console.log(name + ": " + same + " of " + ROUNDS + " agree")
    const own = ds._moteKeyNew(group)
    const peer = Buffer.from(ds._moteSetting(name) ?? "", "hex")
    console.log("out " + name + " " + hexText(ds._moteKeyPublic(own)) + " " + hexText(ds._moteKeyAgree(own, peer)))
    const length = ds._moteKeyPublic(own).length
    console.log(name + " zeros: " + hexText(ds._moteKeyAgree(own, Buffer.alloc(length))))
    console.log(name + " short: " + hexText(ds._moteKeyAgree(own, Buffer.alloc(length - 1))))
    console.log(name + " long: " + hexText(ds._moteKeyAgree(own, Buffer.alloc(4000))))
    const off = ds._moteKeyPublic(own)
    off[length - 1] = off[length - 1] ^ 1
    if (group === 23) console.log(name + " off the curve: " + hexText(ds._moteKeyAgree(own, off)))
    ds._moteCryptoClose(own)
}

async function sign(): Promise<void> {
    const key = ds._moteKeyImport(Buffer.from(ds._moteSetting("private") ?? "", "hex"))
    const data = Buffer.from("what is signed")
    const publicKey = ds._moteKeyPublic(key)
    console.log("out signature " + hexText(publicKey) + " " + hexText(ds._moteKeySign(key, data)))
    let right = 0
    let wrong = 0
    for (let i = 0; i < ROUNDS; i++) {
        data[0] = i & 255
        const signature = ds._moteKeySign(key, data)
        if (ds._moteKeyVerify(publicKey, data, signature) === true) right++
        signature[i & 63] = signature[i & 63] ^ 1
        if (ds._moteKeyVerify(publicKey, data, signature) !== false) wrong++
        await ds.sleep(1)
    }
    console.log("signatures: " + right + " right, " + wrong + " wrong of " + ROUNDS)
    console.log("no point: " + ds._moteKeyVerify(Buffer.alloc(65), data, Buffer.alloc(64)))
    const theirs = Buffer.from(ds._moteSetting("their-signature") ?? "", "hex")
    const theirKey = Buffer.from(ds._moteSetting("secp256r1") ?? "", "hex")
    console.log("theirs: " + ds._moteKeyVerify(theirKey, Buffer.from("signed by the test"), theirs))
    theirKey[0] = 7 // SEC 1's hybrid form for an odd y
    console.log("hybrid form: " + ds._moteKeyVerify(theirKey, Buffer.from("signed by the test"), theirs))
    let what = ""
    try {
        ds._moteKeyAgree(key, publicKey)
    } catch (e) {
        what = (e as Error).message
    }
    console.log(what)
    try {
        ds._moteKeyImport(Buffer.alloc(32))
    } catch (e) {
        what = (e as Error).message
    }
    console.log(what)
    ds._moteCryptoClose(key)
}

await agree(23, "secp256r1")
await agree(29, "x25519")
await sign()
ds.restart()
