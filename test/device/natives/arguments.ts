/*
 * Calls every native with arguments that it does not accept, and prints the result of each call, which must be an
 * exception or a value.
 */
/* eslint-disable @typescript-eslint/no-explicit-any -- arguments of any type are what is tested here */
import * as ds from "@devicescript/core"
import "../../../src/platform/runtime/natives.js"

const key = Buffer.alloc(16)
const hash = ds._moteHashNew(4)
const hmac = ds._moteHmacNew(4, key)
const aead = ds._moteAeadNew(1, key)
const closed = ds._moteHashNew(4)
ds._moteCryptoClose(closed)
const state = Buffer.alloc(32)
state[0] = 1
state[1] = aead >> 8
state[2] = aead & 255
state[4] = 1
state[23] = 4
state[24] = 8
const last = Buffer.from(state)
for (let i = 5; i < 11; i++) last[i] = 255
const newer = Buffer.from(state)
newer[0] = 3
const noForm = Buffer.from(state)
noForm[0] = 9
const oddIv = Buffer.from(state)
oddIv[23] = 13
const noAead = Buffer.from(state)
noAead[1] = 0x7f

/** Values that are wrong in most places. */
const odd: any[] = [
    undefined,
    null,
    true,
    -1,
    0,
    1.5,
    NaN,
    4294967296,
    "",
    "text",
    "a longer text with \u00e9 that is no host and no name",
    Buffer.alloc(0),
    Buffer.alloc(31),
    hex`00112233`,
    [],
    [1],
    { a: 1 },
    () => 1,
    // Only used where a handle or a state is expected, because their numbers differ between machines.
    hash,
    hmac,
    aead,
    closed,
    last,
    noForm,
    oddIv,
    noAead,
    newer,
]

/** Calls whose first argument is a crypto handle or a record state. */
const places = [
    "hashUpdate",
    "hmacSign",
    "hmacExpand",
    "aeadSeal",
    "aeadOpen",
    "recordSeal",
    "recordOpen",
    "secretNext",
    "secretDerive",
    "secretExpand",
    "secretVerifyData",
    "recordKeys",
    "recordSequence",
    "recordSealInPlace",
    "recordOpenInPlace",
]

/** Number of values that are neither handles nor states. */
const PLAIN = 18

function say(name: string, at: number, index: number, call: (a: any[]) => any, args: any[]): void {
    let what = "returns"
    try {
        const result: any = call(args)
        what = typeof result === "number" || result === undefined ? "" + result : typeof result
    } catch (e) {
        what = (e as Error).name + ": " + (e as Error).message
    }
    console.log(name + " " + at + " " + index + " " + what)
}

/** Makes calls with each odd value in place of each argument, with the others as given. */
async function abuse(name: string, good: any[], call: (a: any[]) => any): Promise<void> {
    for (let at = 0; at < good.length; at++) {
        const most = at === 0 && places.includes(name) ? odd.length : PLAIN
        for (let i = 0; i < most; i++) {
            const args = good.slice()
            args[at] = odd[i]
            say(name, at, i, call, args)
        }
        await ds.sleep(1)
    }
}

const data = Buffer.alloc(20)
const nonce = Buffer.alloc(12)
const socket = ds._moteUdpOpen("127.0.0.1", 0, "", 0)

await abuse("random", [data], (a) => ds._moteRandom(a[0]))
await abuse("hashUpdate", [hash, data], (a) => ds._moteHashUpdate(a[0], a[1]))
await abuse("hmacSign", [hmac, data], (a) => ds._moteHmacSign(a[0], a[1]))
await abuse("hmacExpand", [hmac, data, 5], (a) => ds._moteHmacExpand(a[0], a[1], a[2]))
await abuse("aeadNew", [99, key], (a) => ds._moteAeadNew(a[0], a[1]))
await abuse("hmacNew", [99, key], (a) => ds._moteHmacNew(a[0], a[1]))
await abuse("aeadSeal", [aead, nonce, data, data], (a) => ds._moteAeadSeal(a[0], a[1], a[2], a[3]))
await abuse("aeadOpen", [aead, nonce, data, data], (a) => ds._moteAeadOpen(a[0], a[1], a[2], a[3]))
await abuse("recordSeal", [state, 23, 7, [data], true], (a) => ds._moteRecordSeal(a[0], a[1], a[2], a[3], a[4]))
await abuse("recordOpen", [state, data, 0, 20, 7], (a) => ds._moteRecordOpen(a[0], a[1], a[2], a[3], a[4]))
await abuse("recordSequence", [state, data, 0, 20, 7], (a) => ds._moteRecordSequence(a[0], a[1], a[2], a[3], a[4]))
const bytes: any = data
await abuse("readUIntBE", [1, 2], (a) => bytes.readUIntBE(a[0], a[1]))
await abuse("writeUIntBE", [1, 2, 3], (a) => bytes.writeUIntBE(a[0], a[1], a[2]))
await abuse("equalsAt", [1, data, 2], (a) => bytes.equalsAt(a[0], a[1], a[2]))
const literal: any = hex`0102030405060708`
say("literal", 0, 0, () => literal.readUIntBE(1, 6), [])
say("literal", 0, 1, () => literal.writeUIntBE(1, 1, 6), [])
function sayEqual(at: number, length: number): void {
    say("equal " + at + " " + length, 0, 0, () => literal.equalsAt(at, hex`030405`, length), [])
}

sayEqual(2, 3)
sayEqual(3, 3)
sayEqual(5, 3)
sayEqual(8, 0)
sayEqual(6, 3)
sayEqual(-1, 1)
sayEqual(0, 4)
await abuse("udpSend", [socket, data, "nonsense", 1], (a) => ds._moteUdpSend(a[0], a[1], a[2], a[3]) < 0)
for (const host of ["1", "0x7f.1", "127.1", "::g", "127.0.0.1 ", "localhost"])
    console.log("host " + host + " " + ds._moteUdpSend(socket, data, host, 9))
await abuse("udpReceive", [socket, data], (a) => ds._moteUdpReceive(a[0], a[1]))
await abuse("udpPort", [99], (a) => ds._moteUdpPort(a[0]) > 0)
await abuse("udpIsReadable", [socket], (a) => ds._moteUdpIsReadable(a[0]))
await abuse("udpOnReadable", [socket, 1], (a) => ds._moteUdpOnReadable(a[0], a[1]))
await abuse("storageLoad", ["name"], (a) => ds._moteStorageLoad(a[0]))
await abuse("storageSave", ["*", 1], (a) => ds._moteStorageSave(a[0], a[1]))
await abuse("storageRemove", ["*"], (a) => ds._moteStorageRemove(a[0]))
await abuse("setting", ["none"], (a) => ds._moteSetting(a[0]))
await abuse("log", [99, 1], (a) => ds._moteLog(a[0], a[1]))
await abuse("gpioCapabilities", [99], (a) => ds._moteGpioCapabilities(a[0]))
await abuse("gpioMode", [3], (a) => ds._moteGpioMode(a[0]))
await abuse("gpioSetMode", [3, 99], (a) => ds._moteGpioSetMode(a[0], a[1]))
await abuse("gpioValue", [3], (a) => ds._moteGpioValue(a[0]))
await abuse("keyNew", [99], (a) => ds._moteKeyNew(a[0]))
await abuse("keyImport", [1], (a) => ds._moteKeyImport(a[0]))
await abuse("keyPublic", [99], (a) => ds._moteKeyPublic(a[0]))
await abuse("keyAgree", [99, data], (a) => ds._moteKeyAgree(a[0], a[1]))
await abuse("keySign", [99, data], (a) => ds._moteKeySign(a[0], a[1]))
await abuse("keyVerify", [1, data, data], (a) => ds._moteKeyVerify(a[0], a[1], a[2]))
await abuse("cryptoClose", [99], (a) => ds._moteCryptoClose(a[0]))
await abuse("cryptoOwned", [99, {}], (a) => ds._moteCryptoOwned(a[0], a[1]))
const other = ds._moteAeadNew(3, key)
await abuse("cryptoWrap", [hash, other], (a) => ds._moteCryptoWrap(a[0], a[1]))
await abuse("cryptoUnwrap", [Buffer.alloc(48), other], (a) => ds._moteCryptoUnwrap(a[0], a[1]))
const secret = ds._moteSecretNew(4, key)
await abuse("secretNew", [99, key], (a) => ds._moteSecretNew(a[0], a[1]))
await abuse("secretNext", [secret, key], (a) => ds._moteSecretNext(a[0], a[1]) > 0)
await abuse("secretDerive", [secret, "label", key], (a) => ds._moteSecretDerive(a[0], a[1], a[2]) > 0)
await abuse("secretExpand", [secret, "label", key, 9], (a) => ds._moteSecretExpand(a[0], a[1], a[2], a[3]))
await abuse("secretVerifyData", [secret, "label", key], (a) => ds._moteSecretVerifyData(a[0], a[1], a[2]))
await abuse("recordKeys", [secret, 99], (a) => ds._moteRecordKeys(a[0], a[1]))
const room = Buffer.alloc(200)
await abuse("recordSealInPlace", [state, 23, room, 0, 5], (a) =>
    ds._moteRecordSealInPlace(a[0], a[1], a[2], a[3], a[4]),
)
await abuse("recordOpenInPlace", [state, room, 0], (a) => ds._moteRecordOpenInPlace(a[0], a[1], a[2]))

// The record state in place of another Buffer; the state must be unchanged afterwards.
const before = state.toString("hex")
say("stateAsTarget", 2, 0, (a) => ds._moteRecordSealInPlace(a[0], 23, a[0], a[1], a[2]), [state, 0, 3])
say("stateAsTarget", 2, 1, (a) => ds._moteRecordSealInPlace(a[0], 23, a[0], a[1], a[2]), [state, 0, 0])
say("stateAsDatagram", 1, 0, (a) => ds._moteRecordOpenInPlace(a[0], a[0], a[1]), [state, 0])
say("stateAsDatagram", 1, 1, (a) => ds._moteRecordOpenInPlace(a[0], a[0], a[1]), [state, 19])
say("stateAsMessage", 2, 0, (a) => ds._moteRecordSeal(a[0], 23, 0, [data, a[0]], true), [state])
console.log("the state: " + (state.toString("hex") === before ? "as before" : "changed"))

// Uses up all handles; they are free again after closing.
const open: number[] = []
let full = ""
for (let i = 0; i < 300 && full === ""; i++) {
    try {
        open.push(ds._moteHashNew(4))
    } catch (e) {
        full = (e as Error).message
    }
}
console.log("handles: " + (full === "" || full === "too many open crypto handles"))
for (const handle of open) ds._moteCryptoClose(handle)
ds._moteCryptoClose(ds._moteHashNew(4))
console.log("done")
ds.restart()
