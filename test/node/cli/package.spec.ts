import { ok, strictEqual } from "node:assert/strict"
import { spawnSync } from "node:child_process"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { root } from "../../../host/build/device.js"
import { temporaryFolder } from "../../../host/temporary.js"

const program = `
import { connect, listen, GError } from "mote-dtls"
const psk = { identity: "me", key: Buffer.alloc(16, 1) }
const server = await listen(0, { psk }, "127.0.0.1")
const serving = (async () => { for await (const client of server) for await (const message of client) await client.send(message) })()
const connection = await connect("127.0.0.1", server.port, { psk })
await connection.send("through the package")
console.log(String(await connection.receive()))
await connection.close()
await server.close()
await serving
try { await connect("127.0.0.1", 1, {}) } catch (error) { console.log(error instanceof GError, error.argument) }
`

describe("the published package", function () {
    this.timeout(120000)

    it("installs offline without a dependency, loads by its name, connects, and ends by itself; mote start compiles nothing", () => {
        const folder = temporaryFolder("package")
        const npm = (cwd: string, ...args: string[]): string => {
            const run = spawnSync("npm", args, { cwd, encoding: "utf8" })
            strictEqual(run.status, 0, run.stderr)
            return run.stdout
        }
        npm(root, "run", "-s", "prepack")
        const packed = npm(root, "pack", "--silent", "--ignore-scripts", "--pack-destination", folder)
            .trim()
            .split("\n")
            .pop() as string
        writeFileSync(join(folder, "package.json"), '{ "type": "module" }')
        const offline = ["--offline", "--ignore-scripts", "--silent", "--no-audit", "--no-fund"]
        npm(folder, "install", ...offline, join(folder, packed))
        strictEqual(npm(folder, "ls", "--all", "--parseable").trim().split("\n").length, 2)
        writeFileSync(join(folder, "program.js"), program)
        const run = spawnSync(process.execPath, ["program.js"], { cwd: folder, encoding: "utf8", timeout: 20000 })
        strictEqual(run.stdout, "through the package\ntrue psk\n", run.stderr)
        const command = spawnSync(join(folder, "node_modules", ".bin", "mote-dtls"), ["--help"], { encoding: "utf8" })
        ok(command.stdout.startsWith("mote: DTLS for microcontrollers"))
        const start = spawnSync("npx", ["--offline", "mote", "start", "--count", "2"], {
            cwd: folder,
            encoding: "utf8",
            timeout: 30000,
        })
        ok(start.stdout.includes("summary: 2 samples arrived"), `${start.stdout}${start.stderr}`)
        strictEqual(start.stderr, "", "nothing is compiled: simulator and program are in the package")
    })
})
