import { deepStrictEqual, ok, strictEqual } from "node:assert/strict"
import { AeadAlgorithm, HashAlgorithm, SHA_256, SHA_384 } from "../../../src/dtls/crypto/algorithms.js"
import { loadBoard } from "../../../host/config/device-config.js"
import { type Aead } from "../../../src/dtls/crypto/provider.js"
import { unwrapKey, WrappedKind } from "../../../src/platform/node/wrap.js"
import { NodeCryptoProvider } from "../../../src/platform/node/crypto.js"
import { maskLines, vectorLines } from "../../engine/crypto-vectors.js"
import { keyVectorLines } from "../../engine/key-vectors.js"
import { Workload } from "../../engine/crypto-workload.js"
import { needs } from "../../support/needs.js"
import { NodeHalf, nodeKeys } from "./node-keys.js"
import { board, type DeviceKind, linux, runInSimulator, runOn } from "./device-under-test.js"

const lines = (text: string): string[] => text.trimEnd().split("\n")

/** What the primitives must return, computed with node:crypto. */
async function expected(rounds: number): Promise<string[]> {
    const crypto = new NodeCryptoProvider()
    const workload = new Workload(crypto, rounds, () => Promise.resolve())
    return [...(await workload.all()), ...(await workload.allOfV13(crypto))]
}

/** Names of the features that a device lacks, from the bits that `_moteCryptoHas` returns. */
function lacking(has: number): string[] {
    const aeads = Object.entries(AeadAlgorithm).filter(([, bit]) => typeof bit === "number" && ((has >> bit) & 1) === 0)
    const hashes = Object.entries(HashAlgorithm).filter(
        ([, bit]) => typeof bit === "number" && ((has >> (16 + bit)) & 1) === 0,
    )
    return [...aeads, ...hashes].map(([name]) => name)
}

/** The workload for what a sensor's board has: SHA-256 and CCM, and DTLS 1.3 with them. */
async function sensorWorkload(): Promise<string[]> {
    const crypto = new NodeCryptoProvider()
    const workload = new Workload(crypto, 100, () => Promise.resolve())
    return [...(await workload.ofSensor()), ...(await workload.ofSensorV13(crypto))]
}

/** Pins 12 to 17 of an ESP32-C3 belong to its flash. */
const EXPOSED = JSON.stringify([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 18, 19, 20, 21].map((pin) => `P${pin}`))

/** What test/device/natives/arguments.ts must say of a record state in the place of another Buffer. */
const STATE_LINES = [
    "stateAsTarget 2 0 RangeError: _moteRecordSealInPlace: target must be another Buffer than the state",
    "stateAsTarget 2 1 RangeError: _moteRecordSealInPlace: target must be another Buffer than the state",
    "stateAsDatagram 1 0 RangeError: _moteRecordOpenInPlace: datagram must be another Buffer than the state",
    "stateAsDatagram 1 1 RangeError: _moteRecordOpenInPlace: datagram must be another Buffer than the state",
    "stateAsMessage 2 0 RangeError: _moteRecordSeal: messages must be other Buffers than the state",
    "the state: as before",
]

/** What test/device/natives/handles.ts must say. */
const HANDLE_LINES = [
    "500 objects, none closed: all made",
    "kept: works",
    "closed by hand: RangeError _moteCryptoOwned: handle must be an open handle",
    "owned by a number: TypeError _moteCryptoOwned: owner must be an object",
    "ten keys in turn: 55 of 55 opened by their own, 0 by another",
    "wrapped: 16 + 16 + 16",
    "unwrapped: opens",
    "twice wrapped: other bytes",
    "changed: 48 of 48 refused",
    "short: undefined",
    "by another wrapper: undefined",
    "itself: RangeError _moteCryptoWrap: handle must be another key than the wrapper",
    "a hash: RangeError _moteCryptoWrap: handle must be an open AEAD, key pair or secret",
    "a hash as wrapper: RangeError _moteCryptoWrap: wrapper must be an open handle",
    "in place: same as not in place, 20 times",
    "opened in place: same text, 20 times",
    "changed in place: -1, nothing of the text",
    "too short: RangeError _moteRecordSealInPlace: target must be long enough for the record",
    "no number taken: 20",
    "number of the second: 2147483648",
    "the first: true, type 23",
    "the second: true, type 23",
    "another number: undefined, type 0",
    "more behind it: undefined, type 0",
    "cut off: undefined, type 0",
    "forged: null, type 0",
    "no number: RangeError _moteRecordOpen: sequence must be 0 to 281474976710655",
    "no number is left: RangeError _moteRecordSeal: sequence must be below the last sequence number",
]
const PAIR_LINES = [
    "group 23: same public key, same secret",
    "group 29: same public key, same secret",
    "for signatures: verifies",
]

/** What test/device/natives/pins.ts must say. */
const PIN_LINES = [
    "off 8 0 undefined",
    "write while off: RangeError pin not in output mode",
    "high 18 1",
    "low 34 0",
    "pulled up 1",
    "from outside 1",
    "still 1",
    "analog 250",
    "analog on a digital pin: RangeError _moteGpioSetMode: mode must be one that this pin has",
    "no mode: RangeError _moteGpioSetMode: mode must be a GPIOMode",
    "a mode of another kind: TypeError _moteGpioSetMode: mode must be a number",
    `a pin of the flash: Error pin 12 not exposed; available: ${EXPOSED}`,
    `no pin: Error pin 200 not exposed; available: ${EXPOSED}`,
    `a negative pin: Error pin -1 not exposed; available: ${EXPOSED}`,
    `a half pin: Error pin 1.5 not exposed; available: ${EXPOSED}`,
    `a name: Error pin led not exposed; available: ${EXPOSED}`,
    "a method taken off its pin is bound to it: done",
    "left as it was: 0 undefined",
    "noticed 1",
    "changes 1",
]

describe("the natives", function () {
    this.timeout(300000)

    const kind: DeviceKind = linux
    const rounds = 1000
    const show = (output: string[]): void => {
        for (const line of output) console.log(`    ${line.replace(/ [0-9a-f]{64}$/, " results")}`)
    }

    it(`answer as node:crypto does on ${kind.name}, for thousands of random inputs`, async function () {
        needs(this, kind.missing())
        const want = await expected(rounds)
        const output = lines(await runOn(kind, "test/device/natives/crypto.ts", { rounds: String(rounds) }))
        deepStrictEqual(output, want)
        show(output)
    })

    it(`agree and sign with node:crypto on ${kind.name}, for thousands of random keys and messages`, async function () {
        needs(this, kind.missing())
        const program = "test/device/natives/crypto-keys.ts"
        const node = new NodeHalf(rounds)
        const want = [...(await node.agreements()), ...(await node.signatureLines())]
        const parts = [{ rounds: String(rounds), part: "agreements" }, node.settings()]
        const output = (await Promise.all(parts.map((part) => runOn(kind, program, part)))).flatMap(lines)
        const made = output.filter((line) => line.startsWith("made ")).map((line) => Buffer.from(line.slice(5), "hex"))
        deepStrictEqual(
            output.filter((line) => !line.startsWith("made ")),
            want,
        )
        deepStrictEqual([made.length, node.right(made)], [rounds, rounds])
        show([...want, `ECDSA P-256 with SHA-256, made on ${kind.name}, verified by node:crypto: ${rounds} results`])
    })

    it("answer every wrong type, size and order with an exception or a result, the same on Linux and in the simulator", async function () {
        needs(this, linux.missing())
        const simulated = await runInSimulator("test/device/natives/arguments.ts", {})
        const device = lines(await runOn(linux, "test/device/natives/arguments.ts", {}))
        strictEqual(device.at(-1), "done")
        ok(device.length > 700, `${device.length} calls`)
        deepStrictEqual(device, simulated)
        deepStrictEqual(
            device.filter((line) => line.startsWith("stateAs") || line.startsWith("the state")),
            STATE_LINES,
        )
    })

    it("close the handles of objects that are gone, wrap keys and protect records in place, the same on Linux, on the emulated board and in the simulator", async function () {
        needs(this, linux.missing() ?? board.missing())
        const program = "test/device/natives/handles.ts"
        const simulated = await runInSimulator(program, { pairs: "yes" })
        deepStrictEqual(simulated, [...HANDLE_LINES, ...PAIR_LINES])
        deepStrictEqual(lines(await runOn(linux, program, { pairs: "yes" })), simulated)
        deepStrictEqual(lines(await runOn(board, program, {})), HANDLE_LINES)
    })

    it("unwrap in Node what a device has wrapped", async function () {
        needs(this, linux.missing())
        const crypto = new NodeCryptoProvider()
        const wrapper = crypto.newAead(AeadAlgorithm.aes128Ccm, Buffer.alloc(16, 7))
        for (const output of [
            await runInSimulator("test/device/natives/wraps.ts", {}),
            lines(await runOn(linux, "test/device/natives/wraps.ts", {})),
        ]) {
            const [aead, pair, secret] = output.map((text) => Buffer.from(text, "hex")) as [Buffer, Buffer, Buffer]
            const opened = crypto.unwrapAead(aead, wrapper) as Aead
            const same = crypto.newAead(AeadAlgorithm.aes128Ccm8, Buffer.from("0123456789abcdef"))
            const sealed = same.seal(Buffer.alloc(12), Buffer.alloc(0), Buffer.from("text"))
            strictEqual(opened.open(Buffer.alloc(12), Buffer.alloc(0), sealed)?.toString(), "text")
            deepStrictEqual(unwrapKey(pair, wrapper), {
                kind: WrappedKind.keyPair,
                number: 0,
                secret: Buffer.alloc(32, 1),
            })
            const early = crypto.newSecret(SHA_256(), Buffer.alloc(16, 2))
            const unwrapped = crypto.unwrapSecret(secret, wrapper, SHA_256())
            deepStrictEqual(unwrapped?.verifyData("", Buffer.alloc(32)), early.verifyData("", Buffer.alloc(32)))
            strictEqual(crypto.unwrapSecret(secret, wrapper, SHA_384()), undefined)
            const changed = Buffer.from(aead)
            changed[20] ^= 1
            strictEqual(crypto.unwrapAead(changed, wrapper), undefined)
        }
    })

    it("drive pins, digital and analog, the same on Linux, on the emulated board and in the simulator", async function () {
        needs(this, linux.missing() ?? board.missing())
        const program = "test/device/natives/pins.ts"
        const settings = { "pin-10": "1", "pin-2": "0.25" }
        const simulated = await runInSimulator(program, settings)
        deepStrictEqual(simulated, PIN_LINES)
        for (const place of [linux, board]) deepStrictEqual(lines(await runOn(place, program, settings)), simulated)
    })

    it("give the published vectors in Node, in the simulator, on Linux and on the emulated board, which lack what boards/*.json says", async function () {
        needs(this, linux.missing() ?? board.missing())
        const program = "test/device/natives/vectors.ts"
        const [simulated, posix, emulated] = [
            await runInSimulator(program, {}),
            lines(await runOn(linux, program, {})),
            lines(await runOn(board, program, {})),
        ].map(([has, ...rest]) => ({ lacks: lacking(Number(has.slice("has ".length))), rest }))
        const places = {
            Node: [
                ...vectorLines(new NodeCryptoProvider()),
                ...maskLines(new NodeCryptoProvider()),
                ...keyVectorLines(nodeKeys),
            ],
            "the simulator": simulated.rest,
            Linux: posix.rest,
            "the emulated board": emulated.rest,
        }
        for (const [place, got] of Object.entries(places)) {
            deepStrictEqual(
                got.filter((text) => !text.endsWith(": right")),
                [],
                place,
            )
            console.log(`    ${got.length} vectors in ${place}`)
        }
        strictEqual(places.Node.length, 40)
        // Record number encryption has vectors; a device has no call for it alone.
        strictEqual(places["the simulator"].length, 38)
        strictEqual(places.Linux.length, 38)
        // The board's library has SHA-256, CCM, P-256 and X25519.
        strictEqual(places["the emulated board"].length, 25)
        deepStrictEqual(simulated.lacks, [])
        deepStrictEqual(posix.lacks, loadBoard("posix").lacks ?? [])
        deepStrictEqual(emulated.lacks.sort(), loadBoard("rv32-virt").lacks?.sort())
    })

    it("answer as node:crypto does on the emulated board, where it has the algorithm", async function () {
        needs(this, board.missing())
        const [want, output] = [
            await sensorWorkload(),
            lines(await runOn(board, "test/device/natives/crypto-small.ts", {})),
        ]
        deepStrictEqual(output, want)
    })

    const readings = ["temperature Cel true", "humidity %RH true"]
    const climate = [...readings, ...readings, "I2CError"]

    it("read a temperature and humidity sensor over I2C, simulated where there is no bus", async () => {
        deepStrictEqual(await runInSimulator("test/device/natives/sht.ts", {}), climate)
    })

    it("hear what comes after an error that a send met, refuse natives as callbacks and the firmware's names", async function () {
        needs(this, linux.missing())
        const refused = "-39" // CONNECTION_REFUSED
        deepStrictEqual(lines(await runOn(linux, "test/device/natives/deaf.ts", {})), [
            "sent 3",
            "sent 3",
            `then ${refused}`,
            "heard 3",
            "native callback: TypeError",
            "name of the firmware: RangeError",
        ])
    })

    const starts = ["1 power-on", "2 deep-sleep", "3 deep-sleep", "4 deep-sleep"]

    it("sleep deeply in the simulator: the program starts anew and knows why", async () => {
        deepStrictEqual(await runInSimulator("test/device/natives/sleeper.ts", {}), starts)
    })

    for (const one of [linux, board]) {
        it(`read the simulated sensor on ${one.name}`, async function () {
            needs(this, one.missing())
            deepStrictEqual(lines(await runOn(one, "test/device/natives/sht.ts", {})), climate)
        })

        it(`sleep deeply on ${one.name}`, async function () {
            needs(this, one.missing())
            deepStrictEqual(lines(await runOn(one, "test/device/natives/sleeper.ts", {})), starts)
        })
    }
})
