import { deepStrictEqual, ok, strictEqual } from "node:assert/strict"
import { spawnSync } from "node:child_process"
import { createCipheriv } from "node:crypto"
import { readFileSync } from "node:fs"
import { buildAsCompiled } from "../../../host/build/device.js"
import { runOfficial } from "../../../host/build/official.js"
import { runStockSensor } from "../../../host/simulator/stock.js"
import { freePort, Running, untilBound } from "../../interop/process.js"
import { needs } from "../../support/needs.js"
import { simulate } from "./run.js"

/** libcoap's keys are text. */
const TEXT_KEY = "0123456789abcdef"
const TIMEOUT = 60000

const counted = (length: number, from: number): Buffer => Buffer.from(Array.from({ length }, (_, i) => from + i))

function sealedByNode(length: number): string {
    const cipher = createCipheriv("aes-128-ccm", counted(16, 0x40), counted(12, 0x10), { authTagLength: 8 })
    cipher.setAAD(counted(13, 0xa0), { plaintextLength: length })
    const sealed = Buffer.concat([cipher.update(counted(length, 1)), cipher.final()])
    return Buffer.concat([sealed, cipher.getAuthTag()]).toString("hex")
}

function expectedLines(lengths: number[]): string[] {
    return lengths.flatMap((length) => {
        const sealed = sealedByNode(length)
        return [`${length}:${sealed.slice(0, 200)}`, sealed.slice(200), "true", "true"]
    })
}

describe("the official VM as second opinion", function () {
    this.timeout(120000)

    it("AES-128-CCM-8 in script seals as node:crypto does and opens nothing changed, in both machines, below the guard", async () => {
        const image = readFileSync(buildAsCompiled("test/device/ccm.ts").path)
        const expected = expectedLines([0, 1, 15, 16, 17, 31, 32, 64, 100, 160])
        const { lines, panic } = await runOfficial(image, false, TIMEOUT)
        strictEqual(panic, 0)
        deepStrictEqual(lines, expected)
        strictEqual((await simulate(image, false)).output, expected.map((line) => `${line}\n`).join(""))
    })

    for (const library of ["openssl", "gnutls"])
        it(`the same sensor posts to libcoap's server on ${library}`, async function () {
            const program = `coap-server-${library}`
            const found = spawnSync("sh", ["-c", `command -v ${program}`]).status === 0
            needs(this, found ? undefined : `${program} is not installed`)
            const port = await freePort()
            const options = ["-A", "127.0.0.1", "-p", `${port - 1}`, "-k", TEXT_KEY, "-h", "hint1", "-d", "10"]
            const server = new Running([program, ...options])
            try {
                await untilBound(port)
                const key = Buffer.from(TEXT_KEY).toString("hex")
                const target = { host: "127.0.0.1", port: String(port), identity: "sensor1", key }
                const run = await runStockSensor({ ...target, count: "2", interval: "100" }, TIMEOUT)
                ok(
                    run.lines.some((line) => line.startsWith("connected: handshake")),
                    run.lines.join("\n"),
                )
                ok(run.lines.includes("posted sample 2"), [...run.lines, ...run.ending].join("\n"))
                strictEqual(run.panic, 0)
            } finally {
                await server.end()
            }
        })
})
