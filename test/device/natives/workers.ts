/*
 * All kinds of background work, from eight fibers at once, while the machine's own thread seals records, collects
 * garbage and closes handles: for npm run check:tsan. The setting `certificate` is a self-signed certificate, DER in
 * hexadecimal.
 */
import * as ds from "@devicescript/core"
import "../../../src/platform/runtime/natives.js"

const FIBERS = 8
const ROUNDS = 5
const SECP256R1 = 23
const X25519 = 29

const text = Buffer.from("what is signed")
const certificate = Buffer.from(ds._moteSetting("certificate") ?? "", "hex")
let running = FIBERS
let wrong = 0

function expect(holds: boolean): void {
    if (!holds) wrong++
}

function scalar(last: number): Buffer {
    const bytes = Buffer.alloc(32)
    bytes[31] = last
    return bytes
}

async function agree(group: number): Promise<void> {
    const ours = ds._moteKeyNew(group)
    const theirs = ds._moteKeyNew(group)
    const first = ds._moteKeyAgree(ours, ds._moteKeyPublic(theirs))
    const second = ds._moteKeyAgree(theirs, ds._moteKeyPublic(ours))
    expect(first !== undefined && second !== undefined && first.toString("hex") === second.toString("hex"))
    ds._moteCryptoClose(ours)
    ds._moteCryptoClose(theirs)
}

async function sign(last: number): Promise<void> {
    const key = ds._moteKeyImport(scalar(last))
    const signature = ds._moteKeySign(key, text)
    expect(ds._moteKeyVerify(ds._moteKeyPublic(key), text, signature) === true)
    ds._moteCryptoClose(key)
}

async function work(number: number): Promise<void> {
    for (let i = 0; i < ROUNDS; i++) {
        await agree((i & 1) === 0 ? SECP256R1 : X25519)
        await sign(number + 1)
        expect(ds._moteCertificateCheck([certificate], [certificate], "", 0, undefined) === 0)
        ds._moteResolve("127.0.0.1")
    }
    running--
}

/** Does not wait for the answer: its handle is closed while the work is under way. */
async function closedMeanwhile(): Promise<void> {
    const key = ds._moteKeyImport(scalar(9))
    let begun = false
    const signing = async (): Promise<void> => {
        begun = true
        ds._moteKeySign(key, text)
    }
    signing.start()
    while (!begun) await ds.sleep(1)
    ds._moteCryptoClose(key)
}

for (let i = 0; i < FIBERS; i++) work.start(i)
const aead = ds._moteAeadNew(1, Buffer.alloc(16))
while (running > 0) {
    await closedMeanwhile()
    ds._moteAeadSeal(aead, Buffer.alloc(12), Buffer.alloc(13), Buffer.alloc(2000))
    await ds.sleep(1)
}
console.log(wrong === 0 ? "all right" : wrong + " wrong")
ds.restart()
