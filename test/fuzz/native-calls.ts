import * as ds from "@devicescript/core"
import { Reader } from "../../src/dtls/bytes/reader.js"
import "../../src/platform/runtime/natives.js"
import { type FuzzRun, type FuzzTarget, promise } from "./target.js"
import { Values } from "./values.js"

/** Calls a native with arguments of any type, because these are what is tested. */
type Call = (a: never[]) => unknown

interface ByteBuffer {
    readUIntBE(offset: number, length: number): number
    writeUIntBE(value: number, offset: number, length: number): number
    equalsAt(offset: number, part: Buffer, length: number): boolean
}

/** Limit on calls in one execution. */
const MOST_CALLS = 12
/** Limit on slow calls in one execution: P-256 takes a thousand times longer than anything else. */
const MOST_SLOW = 1

function cryptoCalls(): Call[] {
    return [
        () => ds._moteCryptoHas(),
        (a) => ds._moteRandom(a[0]),
        (a) => ds._moteHashNew(a[0]),
        (a) => ds._moteHashUpdate(a[0], a[1]),
        (a) => ds._moteHashClone(a[0]),
        (a) => ds._moteHashDigest(a[0]),
        (a) => ds._moteHmacNew(a[0], a[1]),
        (a) => ds._moteHmacSign(a[0], a[1]),
        (a) => ds._moteHmacExpand(a[0], a[1], a[2]),
        (a) => ds._moteAeadNew(a[0], a[1]),
        (a) => ds._moteAeadSeal(a[0], a[1], a[2], a[3]),
        (a) => ds._moteAeadOpen(a[0], a[1], a[2], a[3]),
        (a) => ds._moteCryptoClose(a[0]),
        (a) => ds._moteCryptoOwned(a[0], a[1]),
        (a) => ds._moteCryptoWrap(a[0], a[1]),
        (a) => ds._moteCryptoUnwrap(a[0], a[1]),
        (a) => ds._moteCertificateCheck(a[0], a[1], a[2], a[3], a[4]),
    ]
}

function recordCalls(): Call[] {
    return [
        (a) => ds._moteSecretNew(a[0], a[1]),
        (a) => ds._moteSecretNext(a[0], a[1]),
        (a) => ds._moteSecretDerive(a[0], a[1], a[2]),
        (a) => ds._moteSecretExpand(a[0], a[1], a[2], a[3]),
        (a) => ds._moteSecretVerifyData(a[0], a[1], a[2]),
        (a) => ds._moteRecordKeys(a[0], a[1]),
        (a) => ds._moteRecordSeal(a[0], a[1], a[2], a[3], a[4]),
        (a) => ds._moteRecordSequence(a[0], a[1], a[2], a[3], a[4]),
        (a) => ds._moteRecordOpen(a[0], a[1], a[2], a[3], a[4]),
        (a) => ds._moteRecordSealInPlace(a[0], a[1], a[2], a[3], a[4]),
        (a) => ds._moteRecordOpenInPlace(a[0], a[1], a[2]),
        (a) => (a[0] as ByteBuffer).readUIntBE(a[1], a[2]),
        (a) => (a[0] as ByteBuffer).writeUIntBE(a[1], a[2], a[3]),
        (a) => (a[0] as ByteBuffer).equalsAt(a[1], a[2], a[3]),
    ]
}

function systemCalls(): Call[] {
    return [
        (a) => ds._moteUdpOpen(a[0], a[1], a[2], a[3]),
        (a) => ds._moteUdpPort(a[0]),
        (a) => ds._moteUdpSend(a[0], a[1], a[2], a[3]),
        (a) => ds._moteUdpReceive(a[0], a[1]),
        (a) => ds._moteUdpSender(a[0]),
        (a) => ds._moteUdpSenderPort(a[0]),
        (a) => ds._moteUdpOnReadable(a[0], a[1]),
        (a) => ds._moteUdpIsReadable(a[0]),
        (a) => ds._moteUdpClose(a[0]),
        (a) => ds._moteResolve(a[0]),
        (a) => ds._moteStorageLoad(a[0]),
        (a) => ds._moteStorageSave(a[0], a[1]),
        (a) => ds._moteStorageRemove(a[0]),
        () => ds._moteWallClock(),
        (a) => ds._moteSetting(a[0]),
        (a) => ds._moteLog(a[0], a[1]),
        () => ds._moteRebootReason(),
        () => ds._moteFreeMemory(),
        (a) => ds._moteDeepSleep(a[0]),
        (a) => ds._moteGpioCapabilities(a[0]),
        (a) => ds._moteGpioMode(a[0]),
        (a) => ds._moteGpioSetMode(a[0], a[1]),
        (a) => ds._moteGpioValue(a[0]),
    ]
}

/** Calls that take a millisecond or more. */
function slowCalls(): Call[] {
    return [
        (a) => ds._moteKeyNew(a[0]),
        (a) => ds._moteKeyImport(a[0]),
        (a) => ds._moteKeyPublic(a[0]),
        (a) => ds._moteKeyAgree(a[0], a[1]),
        (a) => ds._moteKeySign(a[0], a[1]),
        (a) => ds._moteKeyVerify(a[0], a[1], a[2]),
    ]
}

/** Handles, and a record state with its own AEAD, so that calls pass the check of their first argument. */
function fixtures(): unknown[] {
    const key = hex`000102030405060708090a0b0c0d0e0f`
    const aead = ds._moteAeadNew(1, key)
    const state = Buffer.alloc(32)
    state[0] = 1
    state[1] = aead >> 8
    state[2] = aead & 255
    state[4] = 1
    state[23] = 4
    state[24] = 8
    const data = Buffer.alloc(20)
    return [
        state,
        aead,
        ds._moteHashNew(4),
        ds._moteHmacNew(4, key),
        ds._moteUdpOpen("", 0, "", 0),
        key,
        Buffer.alloc(12),
        data,
        [data],
        "127.0.0.1",
        5684,
        ds._moteRecordSeal(state, 23, 0, [data], true),
        Buffer.alloc(100),
    ]
}

function prepare(): FuzzRun {
    const quick = [...cryptoCalls(), ...recordCalls(), ...systemCalls()]
    const slow = slowCalls()
    return async (input) => {
        const values = new Values(new Reader(input, 0, input.length))
        values.pool = fixtures()
        let slowLeft = MOST_SLOW
        for (let i = 0; i < MOST_CALLS && values.reader.remaining() > 0; i++) {
            const number = values.reader.uint(1)
            const isSlow = number >= 250 && slowLeft > 0
            if (isSlow) slowLeft--
            const calls = isSlow ? slow : quick
            const call = calls[number - Math.idiv(number, calls.length) * calls.length] as Call
            try {
                values.pool.push(call(values.list(5) as never[]))
            } catch (error) {
                promise(
                    error instanceof Error && error.message.length > 0,
                    "what a native throws is an Error with a text",
                )
            }
        }
    }
}

/** Calls natives with any arguments in any order. */
export function nativesTarget(): FuzzTarget {
    return { states: 1, prepare, seeds: () => [hex`0503ca015c`, hex`1105ca001737ca0b`, hex`14030a000a0b0300`] }
}
