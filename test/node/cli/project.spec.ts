import { deepStrictEqual, ok, strictEqual } from "node:assert/strict"
import { createHash } from "node:crypto"
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { device, missingFor } from "../../../host/build/native.js"
import { missingForBoard } from "../../../host/build/rv32.js"
import { check, type Schema } from "../../../host/config/schema.js"
import { root } from "../../../host/folders.js"
import { temporaryFolder } from "../../../host/temporary.js"
import { freePort, Running, untilBound } from "../../interop/process.js"
import { needs } from "../../support/needs.js"
import { installedPackage, installTools, must, run } from "../../support/packed.js"

/** A hash of all files below a folder. */
function fingerprint(folder: string): string {
    const hash = createHash("sha256")
    for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" }).sort())
        if (statSync(join(folder, name)).isFile()) hash.update(name).update(readFileSync(join(folder, name)))
    return hash.digest("hex")
}

interface Config {
    $schema: string
    target: string
    interval: number
    wifi?: object
}

describe("a project of mote init", function () {
    this.timeout(900000)
    let folder: string
    let mote: string
    let before_: string

    before(() => {
        const parent = temporaryFolder("project")
        folder = join(parent, "My Sensor")
        must(parent, join(installedPackage(), "node_modules", ".bin", "mote"), "init", folder)
        installTools(folder)
        mote = join(folder, "node_modules", ".bin", "mote")
        before_ = fingerprint(join(folder, "node_modules", "mote-dtls"))
    })

    after("nothing was written into node_modules", () => {
        strictEqual(fingerprint(join(folder, "node_modules", "mote-dtls")), before_)
        deepStrictEqual(readdirSync(join(folder, "node_modules")).sort(), [
            ".bin",
            "@devicescript",
            "@types",
            "mocha",
            "mote-dtls",
            "tsx",
        ])
    })

    const read = (name: string): string => readFileSync(join(folder, name), "utf8")

    /** Writes a changed copy of the configuration. */
    function configure(name: string, change: Partial<Config>): string[] {
        const config = { ...(JSON.parse(read("devs.config.json")) as Config), ...change }
        writeFileSync(join(folder, name), JSON.stringify(config))
        return ["--config", join(folder, name)]
    }

    it("is named after its folder, has a key that nobody else can read, and exact versions of its development dependencies", () => {
        const { name, devDependencies } = JSON.parse(read("package.json")) as {
            name: string
            devDependencies: Record<string, string>
        }
        strictEqual(name, "my-sensor")
        for (const [tool, version] of Object.entries(devDependencies)) ok(/^\d+\.\d+\.\d+$/.test(version), tool)
        const { identity, key } = JSON.parse(read("device-credentials.json")) as Record<string, string>
        ok(identity === "my-sensor" && /^[0-9a-f]{32}$/.test(key))
        strictEqual(statSync(join(folder, "device-credentials.json")).mode & 0o077, 0)
        ok(read(".gitignore").includes("\ndevice-credentials.json\n"))
    })

    it("has a program of about ten lines, and a configuration that its schema in node_modules accepts", () => {
        ok(read("src/main.ts").split("\n").length < 16)
        const config = JSON.parse(read("devs.config.json")) as Config
        const schema = JSON.parse(readFileSync(resolve(folder, config.$schema), "utf8")) as Schema
        deepStrictEqual(check(config, schema), [])
    })

    it("is not overwritten: mote init refuses the folder, and writes nothing", () => {
        const again = run(folder, mote, "init", folder)
        strictEqual(again.code, 2)
        ok(again.err.includes("is there already, and nothing was written"), again.err)
    })

    it("is refused where no folder can be: mote init names the path, and says what to do", () => {
        const refused = run(folder, mote, "init", join(folder, "package.json", "inner"))
        strictEqual(refused.code, 2)
        ok(/^mote: cannot write .*package\.json.* \(ENOTDIR\): choose another folder\n$/.test(refused.err), refused.err)
    })

    it("npm start simulates the program against a gateway, and compiles nothing the second time", () => {
        const first = run(folder, "npm", "-s", "start")
        strictEqual(first.code, 0, first.err)
        ok(/\/readings: temperature .* °C, humidity .* %RH, uptime [\d.]+ s/.test(first.out), first.out)
        ok(first.out.includes("summary: 5 samples arrived"), first.out)
        ok(first.err.includes("compiling src/main.ts"), first.err)
        strictEqual(run(folder, "npm", "-s", "start").err, "")
    })

    it("npm test runs its tests in the simulator", () => {
        ok(must(folder, "npm", "-s", "test").includes("2 passing"))
    })

    it("has no type errors, neither in the program nor in the test", () => {
        for (const project of ["src", "."]) {
            const tsc = join(root, "node_modules", "typescript", "bin", "tsc")
            const { out } = run(folder, process.execPath, tsc, "--pretty", "false", "-p", project)
            const ours = out.split("\n").filter((line) => /^\S/.test(line) && !line.startsWith(".mote/"))
            deepStrictEqual(ours, [])
        }
    })

    it("mistakes in its program are reported with file and line", () => {
        const imports = 'import { runSensor } from "mote-dtls/device"\nimport { readFileSync } from "node:fs"\n'
        writeFileSync(join(folder, "src", "wrong.ts"), `${imports}runSensor(readFileSync("x").length)\n`)
        const { code, err } = run(folder, mote, "sim", "src/wrong.ts")
        strictEqual(code, 1)
        ok(err.includes("src/wrong.ts:2:"), err)
        ok(err.includes("node:fs is Node's, and a device has none of it"), err)
    })

    for (const [board, host, missing] of [
        ["posix", "127.0.0.1", () => missingFor(device)],
        ["rv32-virt", "10.0.2.2", missingForBoard],
    ] as const)
        it(`mote flash and mote monitor build its firmware for ${board} from the package, and it posts`, async function () {
            needs(this, missing())
            const port = await freePort()
            const target = `coaps://${host}:${port}/readings`
            const config = [...configure(`${board}.json`, { target, interval: 100 }), "--board", board]
            const { identity, key } = JSON.parse(read("device-credentials.json")) as Record<string, string>
            const psk = ["--psk", `${identity}:${key}`]
            const gateway = new Running([mote, "gateway", "--host", "127.0.0.1", "--port", `${port}`, ...psk])
            try {
                await untilBound(port)
                ok(must(folder, mote, "flash", ...config).includes("flashed: slot 0"))
                const monitor = new Running([mote, "monitor", ...config])
                await monitor.expect("posted sample 3", 60000)
                await monitor.end()
            } finally {
                await gateway.end()
            }
        })

    it("mote build puts the ESP32-C3's firmware where platformio.ini expects it", () => {
        const wifi = { ssid: "home" }
        const config = configure("esp32c3.json", { target: "coaps://gateway.example/readings", wifi })
        must(folder, mote, "build", ...config, "--board", "esp32c3-devkitm-1")
        const named = [...read("platformio.ini").matchAll(/build\/esp32c3-devkitm-1\/[\w./]+/g)].map(([path]) => path)
        strictEqual(named.length, 4)
        for (const path of named) ok(existsSync(join(folder, path)), path)
        for (const path of ["vm/interpreter.c", "natives/udp.c", "port/sockets/udp_sockets.c"])
            ok(existsSync(join(folder, "build/esp32c3-devkitm-1/firmware", path)), path)
    })
})
