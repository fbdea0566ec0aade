import { deepStrictEqual, ok, strictEqual } from "node:assert/strict"
import { freePort, mote, Running, sleep, untilBound } from "../../interop/process.js"
import { missingProgram, needs } from "../../support/needs.js"

const TEXT_KEY = "sekritkey1234567"
const SERVER = "coap-server-openssl"

describe("mote get, put, post, delete, fetch and observe, with libcoap's server", function () {
    this.timeout(60000)
    let server: Running
    let uri: string

    before(async function () {
        needs(this, missingProgram(SERVER))
        const port = await freePort()
        // libcoap's DTLS port is its CoAP port plus one.
        server = new Running([
            SERVER,
            "-A",
            "127.0.0.1",
            "-p",
            `${port - 1}`,
            "-k",
            TEXT_KEY,
            "-h",
            "hint1",
            "-d",
            "10",
        ])
        await untilBound(port)
        uri = `coaps://127.0.0.1:${port}`
    })

    after(async () => {
        await server.end()
    })

    /** Runs a command until it ends. */
    async function run(command: string, path: string, ...options: string[]): Promise<Running> {
        const psk = `me:${Buffer.from(TEXT_KEY).toString("hex")}`
        const running = new Running(mote(command, `${uri}${path}`, "--psk", psk, ...options))
        for (let i = 0; i < 1500 && running.running; i++) await sleep(20)
        return running
    }

    const events = (running: Running): Record<string, unknown>[] =>
        running.output
            .trim()
            .split("\n")
            .map((line) => JSON.parse(line) as Record<string, unknown>)

    it("exit with 0 for a success and with 1 for a 4.xx answer, which they print", async () => {
        const created = await run("put", "/one", "-e", "first")
        strictEqual(created.exitCode, 0, created.output)
        ok(created.output.includes("2.01"), created.output)
        const got = await run("get", "/one", "--json")
        deepStrictEqual([events(got)[0]?.["code"], events(got)[0]?.["text"]], ["2.05", "first"])
        strictEqual((await run("delete", "/one")).exitCode, 0)
        const missing = await run("get", "/one")
        strictEqual(missing.exitCode, 1)
        ok(missing.output.includes("4.04"), missing.output)
    })

    it("send and receive bodies in blocks of the size that --block sets, and print the progress", async () => {
        const body = Array.from({ length: 200 }, (_, i) => `line ${i}`).join(" ")
        const sent = events(await run("put", "/long", "-e", body, "--block", "64", "--json"))
        deepStrictEqual(
            sent.slice(0, 2).map((event) => event["sent"]),
            [64, 128],
        )
        const received = events(await run("get", "/long", "--block", "256", "--json"))
        strictEqual(received[0]?.["received"], 256)
        strictEqual(received.at(-1)?.["text"], body)
    })

    it("observe prints each state as it arrives, and ends after --count of them", async () => {
        const running = await run("observe", "/time", "--count", "2", "--json")
        strictEqual(running.exitCode, 0, running.output)
        const states = events(running).map((event) => event["text"])
        strictEqual(new Set(states).size, 2, running.output)
    })

    it("an invalid block size, and two bodies, are usage errors", async () => {
        const wrong = await run("get", "/one", "--block", "100")
        strictEqual(wrong.exitCode, 2)
        ok(wrong.output.includes("--block: 16, 32, 64, 128, 256, 512 or 1024"), wrong.output)
        strictEqual((await run("put", "/one", "-e", "a", "-f", "b")).exitCode, 2)
    })
})
