import { deepStrictEqual, ok, strictEqual } from "node:assert/strict"
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { root } from "../../../host/folders.js"
import { hasNodeKem } from "../../../src/platform/node/ml-kem.js"
import { installedPackage, must, run } from "../../support/packed.js"

const program = `
import { connect, DtlsError, listen } from "mote-dtls"
const psk = { identity: "me", key: Buffer.alloc(16, 1) }
const server = await listen(0, { psk }, "127.0.0.1")
const serving = (async () => { for await (const client of server) for await (const message of client) await client.send(message) })()
const connection = await connect("127.0.0.1", server.port, { psk })
await connection.send("through the package")
console.log(String(await connection.receive()))
await connection.close()
await server.close()
await serving
try { await connect("127.0.0.1", 1, {}) } catch (error) { console.log(error instanceof DtlsError, error.argument) }
`

/** Each entry with one of its exports. */
const entries: [string, string][] = [
    ["mote-dtls", "connect"],
    ["mote-dtls/gio", "DtlsClientConnection"],
    ["mote-dtls/coap", "CoapClient"],
    ["mote-dtls/lwm2m", "Thermometer"],
    ["mote-dtls/engine", "Association"],
    ["mote-dtls/node-dtls", "listen"],
    ["mote-dtls/gateway", "Gateway"],
    ["mote-dtls/testing", "Simulation"],
]

const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    version: string
    exports: Record<string, unknown>
    dependencies: Record<string, string>
    bundleDependencies: string[]
}

describe("the published package", function () {
    this.timeout(600000)
    let folder: string
    let writes = 0

    before(() => void (folder = installedPackage()))

    function node(source: string, ending = "mjs"): string {
        const name = `program${++writes}.${ending}`
        writeFileSync(join(folder, name), source)
        return must(folder, process.execPath, name)
    }

    it("installs from the tarball alone, offline, with its dependencies in it", () => {
        deepStrictEqual(Object.keys(manifest.dependencies), manifest.bundleDependencies)
        ok(must(folder, "npm", "ls", "--all", "--parseable").includes("mote-dtls"))
    })

    it("has the program that compiles functions for mote sim --translate, which nothing imports", () => {
        ok(existsSync(join(folder, "node_modules", "mote-dtls", "dist", "host", "build", "llvm-main.js")))
    })

    it("loads by its name, connects, and exits by itself", () => {
        strictEqual(node(program), "through the package\ntrue psk\n")
    })

    it("names the package to install for a group, on a Node without ML-KEM", () => {
        const told = node(`
import { DtlsError, listen } from "mote-dtls"
const psk = { identity: "me", key: Buffer.alloc(16, 1) }
const options = { psk, minVersion: "1.3", groups: ["X25519MLKEM768", "X25519"] }
const error = await listen(0, options, "127.0.0.1").then((server) => server.close(), (error) => error)
console.log(error instanceof DtlsError ? \`\${error.code} \${error.message}\` : "listens")
`)
        if (hasNodeKem()) strictEqual(told, "listens\n")
        else ok(/^ERR_DTLS_NOT_SUPPORTED .*npm install @noble\/post-quantum$/m.test(told), told)
    })

    it("has an entry for each purpose, and package.json; those for devices say so when Node loads them", () => {
        const devices = ["mote-dtls/device", "mote-dtls/drivers", "mote-dtls/net", "mote-dtls/update"]
        const all = [...entries.map(([name]) => name), ...devices, "mote-dtls/package.json"]
        deepStrictEqual(
            all.sort(),
            Object.keys(manifest.exports)
                .map((key) => key.replace(".", "mote-dtls"))
                .sort(),
        )
        for (const [entry, name] of entries)
            strictEqual(node(`import { ${name} } from "${entry}"\nconsole.log(typeof ${name})`), "function\n")
        for (const entry of devices) {
            writeFileSync(join(folder, "device.mjs"), `import "${entry}"`)
            ok(run(folder, process.execPath, "device.mjs").err.includes("are for programs on a device"))
        }
    })

    it("loads with require, too", () => {
        const source = 'console.log(typeof require("mote-dtls").connect, require("mote-dtls/package.json").version)'
        strictEqual(node(source, "cjs"), `function ${manifest.version}\n`)
    })

    it("has types for every entry under nodenext", () => {
        const uses = entries.map(([entry, name]) => `import { ${name} } from "${entry}"\n${name} satisfies object\n`)
        writeFileSync(join(folder, "types.ts"), uses.join(""))
        const strict = ["--strict", "--noEmit", "--module", "nodenext", "--target", "es2022"]
        const types = ["--types", "node", "--typeRoots", join(root, "node_modules", "@types")]
        must(folder, process.execPath, join(root, "node_modules/typescript/bin/tsc"), ...strict, ...types, "types.ts")
    })

    it("has source maps, so that a stack shows lines of TypeScript", () => {
        const source =
            'import { NodeUdpSocket } from "mote-dtls"\nNodeUdpSocket.open(undefined, undefined).catch((e) => console.log(e.stack))'
        writeFileSync(join(folder, "stack.mjs"), source)
        ok(/src\/platform\/node\/\w+\.ts:\d+/.test(must(folder, process.execPath, "--enable-source-maps", "stack.mjs")))
    })

    it("has the commands; mote start compiles nothing, since simulator and program are in the package", () => {
        const [mote, motedtls] = ["mote", "mote-dtls"].map((name) => join(folder, "node_modules", ".bin", name))
        strictEqual(must(folder, mote, "--version"), `${manifest.version}\n`)
        ok(must(folder, motedtls, "--help").includes("mote: DTLS for microcontrollers"))
        const { out, err } = run(folder, mote, "start", "--count", "2")
        ok(out.includes("summary: 2 samples arrived"), `${out}${err}`)
        strictEqual(err, "")
    })

    it("has a create-mote-dtls of its own version, for npm create", () => {
        const create = JSON.parse(
            readFileSync(join(root, "create-mote-dtls", "package.json"), "utf8"),
        ) as typeof manifest
        deepStrictEqual([create.version, create.dependencies["mote-dtls"]], [manifest.version, manifest.version])
        const out = must(folder, join(folder, "node_modules", ".bin", "create-mote-dtls"), "made")
        ok(out.includes("made has a sensor") && out.includes("npm install"), out)
    })
})
