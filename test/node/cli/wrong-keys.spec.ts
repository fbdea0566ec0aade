import { deepStrictEqual, ok, strictEqual } from "node:assert/strict"
import { chmodSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { keyWarnings, parsePsk, readPskFile } from "../../../host/credentials.js"
import { temporaryFolder } from "../../../host/temporary.js"
import { freePort, mote, Running, untilBound } from "../../interop/process.js"

const KEY = "9f8e7d6c5b4a39281706f5e4d3c2b1a0"
const OTHER = "00112233445566778899aabbccddeeff"

async function ended(program: Running): Promise<number | null> {
    for (let i = 0; i < 3000 && program.running; i++) await new Promise((resolve) => setTimeout(resolve, 20))
    return program.exitCode
}

describe("the command line and wrong keys", function () {
    this.timeout(120000)
    let port: number
    let server: Running

    before(async () => {
        port = await freePort()
        const args = ["--host", "127.0.0.1", "--port", `${port}`, "--psk", `sensor1:${KEY}`]
        server = new Running(mote("gateway", ...args))
        await untilBound(port)
    })

    after(async () => await server.end())

    it("mote client prints one telling line and ends long before the handshake's deadline", async () => {
        const client = new Running(mote("client", `127.0.0.1:${port}`, "--psk", `sensor1:${OTHER}`))
        strictEqual(await ended(client), 1)
        const lines = client.output.split("\n").filter((line) => /different|differ|decrypt/.test(line))
        strictEqual(lines.length, 1, client.output)
        ok(/^mote: .*PSK identity or key differ/.test(lines[0]), client.output)
    })

    it("the server distinguishes a wrong key from an unknown identity, with identity and address", async () => {
        const wrong = /note: 127\.0\.0\.1:\d+: identity sensor1: .*different keys/
        ok(wrong.test(server.output), server.output)
        await ended(new Running(mote("client", `127.0.0.1:${port}`, "--psk", `stranger:${KEY}`)))
        ok(/note: 127\.0\.0\.1:\d+: identity stranger: there is no key/.test(server.output), server.output)
        ok(!server.output.includes(KEY) && !server.output.includes(OTHER))
    })

    it("mote get fails on a wrong key and an unknown identity as mote client does", async () => {
        for (const psk of [`sensor1:${OTHER}`, `stranger:${KEY}`]) {
            const asking = new Running(mote("get", `coaps://127.0.0.1:${port}/room`, "--psk", psk))
            strictEqual(await ended(asking), 1)
            const lines = asking.output.split("\n").filter((line) => /different|differ|decrypt/.test(line))
            strictEqual(lines.length, 1, asking.output)
            ok(/^mote: .*PSK identity or key differ/.test(lines[0]), asking.output)
        }
    })

    it("mote sensor with a count gives up on a wrong key at once", async () => {
        const target = `coaps://127.0.0.1:${port}/readings`
        const sensor = new Running(mote("sensor", target, "--psk", `sensor1:${OTHER}`, "--count", "1"))
        strictEqual(await ended(sensor), 1)
        strictEqual(sensor.output.match(/PSK identity or key differ/g)?.length, 1, sensor.output)
    })

    it("mote sensor with a count gives up after three attempts without an answer", async () => {
        const target = `coaps://127.0.0.1:${await freePort()}/readings`
        const sensor = new Running(mote("sensor", target, "--psk", `sensor1:${KEY}`, "--count", "1"))
        strictEqual(await ended(sensor), 1)
        ok(sensor.output.includes("the sensor gives up after 3 attempts"), sensor.output)
    })
})

describe("the command line and wrong keys in DTLS 1.3", function () {
    this.timeout(120000)

    it("both sides say in a line which identity it was, or that there is no key for it", async () => {
        const port = await freePort()
        const at = ["--host", "127.0.0.1", "--port", `${port}`]
        const server = new Running(mote("gateway", ...at, "--psk", `sensor1:${KEY}`, "--min-version", "1.3"))
        try {
            await untilBound(port)
            for (const psk of [`sensor1:${OTHER}`, `stranger:${KEY}`]) {
                const client = new Running(mote("client", `127.0.0.1:${port}`, "--psk", psk, "--min-version", "1.3"))
                strictEqual(await ended(client), 1)
                const said = "mote: the server does not know that PSK identity, or has a different key for it"
                ok(client.output.includes(`${said}, alert decrypt_error (51)`), client.output)
            }
            await server.expect("identity stranger: there is no key")
            strictEqual(server.output.match(/identity sensor1: .*different keys/g)?.length, 1, server.output)
            strictEqual(server.output.match(/identity stranger: /g)?.length, 1, server.output)
        } finally {
            await server.end()
        }
    })

    it("a server of DTLS 1.2 alone is distinguished from a wrong key", async () => {
        const port = await freePort()
        const server = new Running(mote("gateway", "--host", "127.0.0.1", "--port", `${port}`, "--psk", `s:${KEY}`))
        try {
            await untilBound(port)
            const client = new Running(mote("client", `127.0.0.1:${port}`, "--psk", `s:${KEY}`, "--min-version", "1.3"))
            strictEqual(await ended(client), 1)
            ok(/^mote: .*see --min-version and --max-version/m.test(client.output), client.output)
        } finally {
            await server.end()
        }
    })
})

describe("warnings about keys", () => {
    const warnings = (...entries: string[]): string[] =>
        keyWarnings(
            entries.map((entry) => parsePsk(entry, "")),
            undefined,
        )

    it("weak: shorter than 16 bytes, or one byte repeated", () => {
        deepStrictEqual(warnings(`a:${KEY}`), [])
        for (const key of ["0102", "07".repeat(16)])
            ok(/the key of identity a is weak/.test(warnings(`a:${key}`)[0]), key)
    })

    it("duplicate: an identity with two keys, a key with two identities", () => {
        ok(/identity a is given twice/.test(warnings(`a:${KEY}`, `a:${OTHER}`)[0]))
        const [same, ...others] = warnings(`a:${KEY}`, `b:${KEY}`)
        strictEqual(same, "identities a and b have the same key")
        deepStrictEqual(others, [])
    })

    it("a key file that others can read", () => {
        const file = join(temporaryFolder("keys"), "keys.txt")
        writeFileSync(file, `a:${KEY}\n`)
        chmodSync(file, 0o644)
        ok(/other users of this machine can read .*chmod 600/.test(keyWarnings(readPskFile(file), file)[0]))
        chmodSync(file, 0o600)
        deepStrictEqual(keyWarnings(readPskFile(file), file), [])
    })
})
