import { deepStrictEqual, ok, strictEqual } from "node:assert/strict"
import { spawnSync } from "node:child_process"
import { KeyPair, verify } from "../../../host/simulator/key-pair.js"
import { needs } from "../../support/needs.js"
import { linux, linuxWithoutMemory, runInSimulator, runOn } from "./device-under-test.js"

const PRIVATE = "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721" // RFC 6979 A.2.5
const PUBLIC =
    "0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6" +
    "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299"
const ROUNDS = 40

/** What the device must print, except for the lines that the test computes itself. */
const expected = [
    `secp256r1: ${ROUNDS} of ${ROUNDS} agree`,
    "secp256r1 zeros: undefined",
    "secp256r1 short: undefined",
    "secp256r1 long: undefined",
    "secp256r1 off the curve: undefined",
    `x25519: ${ROUNDS} of ${ROUNDS} agree`,
    "x25519 zeros: undefined",
    "x25519 short: undefined",
    "x25519 long: undefined",
    `signatures: ${ROUNDS} right, 0 wrong of ${ROUNDS}`,
    "no point: false",
    "theirs: true",
    "hybrid form: false",
    "_moteKeyAgree: key must be one that agrees",
    "_moteKeyImport: privateKey must be a number below the order of P-256, and not 0",
]

describe("keys", function () {
    this.timeout(120000)

    const x25519 = KeyPair.generate(29)
    const signer = KeyPair.import(Buffer.from(PRIVATE, "hex")) as KeyPair

    function check(lines: string[]): void {
        const out = lines.filter((line) => line.startsWith("out ")).map((line) => line.split(" "))
        for (const [index, ours] of [signer, x25519].entries()) {
            const [, , publicKey, secret] = out[index] as [string, string, string, string]
            strictEqual(ours.agree(Buffer.from(publicKey, "hex"))?.toString("hex"), secret)
        }
        const [, , publicKey, signature] = out[2] as [string, string, string, string]
        strictEqual(publicKey, PUBLIC)
        ok(verify(Buffer.from(publicKey, "hex"), Buffer.from("what is signed"), Buffer.from(signature, "hex")))
        deepStrictEqual(
            lines.filter((line) => !line.startsWith("out ")),
            expected,
        )
    }

    const settings = {
        rounds: String(ROUNDS),
        secp256r1: PUBLIC,
        x25519: x25519.publicKey.toString("hex"),
        private: PRIVATE,
        "their-signature": signer.sign(Buffer.from("signed by the test")).toString("hex"),
    }

    it("are not taken away from running work by a collection or a close, nor used up by objects that are gone", async function () {
        needs(this, linux.missing())
        const want = ["dropped hashes: 100", "by dropped signers: 10 of 10", "closed while signing: 10 of 10"]
        const program = "test/device/natives/owners.ts"
        deepStrictEqual(await runInSimulator(program, {}), want)
        const [command, ...args] = (await linux.command(program, {})) as [string, ...string[]]
        for (const stress of [[], ["--gc-stress"]]) {
            const { stdout } = spawnSync(command, [...stress, ...args], { encoding: "utf8" })
            deepStrictEqual(stdout.trimEnd().split("\n"), want, stress.join())
        }
    })

    it("of which the library holds no more give way when they are lost; else that is what the program is told", async function () {
        needs(this, linux.missing())
        const full = "Error too many open crypto handles"
        const calls = ["verify", "new", "import", "HMAC of a Buffer", "a Buffer encrypted"]
        const results = ["true", "undefined", "undefined", "object", "object"]
        const want = [
            ...calls.map((call) => `${call}: ${full}`),
            ...calls.map((call, i) => `${call}: ${results[i]}`),
            "lost keys: 155",
        ]
        deepStrictEqual((await runOn(linux, "test/device/natives/full.ts", {})).trimEnd().split("\n"), want)
    })

    it("that could not verify because memory was out say neither yes nor no", async function () {
        needs(this, linux.missing())
        const told = await runOn(linuxWithoutMemory, "test/device/natives/keys.ts", { ...settings, rounds: "1" })
        ok(told.includes("\ntheirs: undefined\n"), told)
    })

    it("agree and sign in the simulator as they must", async () => {
        check(await runInSimulator("test/device/natives/keys.ts", settings))
    })

    it("agree and sign on Linux as node:crypto does, and refuse what is not a key", async function () {
        needs(this, linux.missing())
        check((await runOn(linux, "test/device/natives/keys.ts", settings)).trimEnd().split("\n"))
    })
})
