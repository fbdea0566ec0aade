import { ok, strictEqual, throws } from "node:assert/strict"
import { type KeyObject } from "node:crypto"
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { emulatorCommand } from "../../../host/board/emulator.js"
import { programSlot, readSlot } from "../../../host/board/program-slot.js"
import { compileProgram } from "../../../host/build/compiler.js"
import { cachedDeviceImage } from "../../../host/build/device.js"
import { buildNative, checkedDevice } from "../../../host/build/native.js"
import { buildBoard } from "../../../host/build/rv32.js"
import { type DeviceConfig, loadConfig } from "../../../host/config/device-config.js"
import { type BuildFiles, buildFiles, deviceSettings, writeUpdateFile } from "../../../host/config/firmware-build.js"
import { PskStore } from "../../../host/credentials.js"
import { Gateway } from "../../../host/gateway/gateway.js"
import { Resources } from "../../../host/gateway/resources.js"
import { newKeyPair } from "../../../host/keygen/key-files.js"
import { temporaryFolder } from "../../../host/temporary.js"
import { isSignedBy, openUpdate, publicKeyOf, readSigningKey, writeUpdate } from "../../../host/update/update-file.js"
import { ContentFormat } from "../../../src/coap/code-points.js"
import { wifi } from "../../../src/dtls/flight/retransmission.js"
import { gatewayLimits } from "../../../src/dtls/handshake/limits.js"
import { allSuites } from "../../../src/dtls/key-exchange/suites.js"
import { newSettings } from "../../../src/gio/settings.js"
import { NodeServices } from "../../../src/platform/node/services.js"
import { freePort, mote, Running, sleep } from "../../interop/process.js"
import { needs } from "../../support/needs.js"
import { RoughPath, SMOOTH } from "../../support/rough-path.js"
import { board, type DeviceKind, linux } from "./device-under-test.js"

const PSK = { identity: "sensor1", key: "000102030405060708090a0b0c0d0e0f" }
const PRODUCT = "room-sensor"
const KEYS = newKeyPair()
const PROGRAM = "test/device/updatable.ts"
const SERVER = "examples/device/update-server.ts"
const TROUBLE = "the newest program did not last through its first starts; the one before runs"

/** A gateway that has updates for one kind of device. */
class UpdateGateway {
    private resources = new Resources(["/"])
    private constructor(
        private running: Gateway | undefined,
        private target: string,
    ) {}

    static async start(target: string): Promise<UpdateGateway> {
        const gateway = new UpdateGateway(undefined, target)
        const psk = new PskStore([{ identity: Buffer.from(PSK.identity), key: Buffer.from(PSK.key, "hex") }])
        const settings = newSettings(allSuites(), psk, wifi(), gatewayLimits())
        const events = { connected: () => {}, readings: () => {}, ended: () => {} }
        const local = { host: "127.0.0.1", port: 0 }
        const { resources } = gateway
        gateway.running = await Gateway.start(new NodeServices(), settings, local, events, () => {}, { resources })
        return gateway
    }

    get port(): number {
        return (this.running as Gateway).localAddress().port
    }

    offer(image: Buffer, version: number, keys = KEYS): void {
        const update = writeUpdate(image, { version, target: this.target }, keys.privateKey)
        this.resources.provide(["update", ...this.target.split("/")], ContentFormat.OCTET_STREAM, update)
    }

    async close(): Promise<void> {
        await this.running?.close()
    }
}

/** Bytes of an update that arrive before its path is cut: so early that any computer can interrupt it in time. */
const INTERRUPTED = 20000

/** A device whose flash survives power cuts. A program 5 that has lasted is in slot 0. */
class FlashedDevice {
    private folder = temporaryFolder("update")
    private settings: Record<string, string>

    constructor(
        private kind: DeviceKind,
        image: Buffer,
        target: string,
        port: number,
        more: Record<string, string> = {},
    ) {
        mkdirSync(join(this.folder, "slots"))
        const slot = programSlot(image, 5)
        slot.write("0", 3, "latin1")
        writeFileSync(this.slotPath(0), slot)
        const update = { "update-key": publicKeyOf(KEYS.privateKey).toString("hex"), "update-target": target }
        const to = { host: kind.host, port: String(port), path: "readings", interval: "500" }
        this.settings = { ...PSK, ...to, ...update, "update-interval": "1000", ...more }
    }

    slotPath(slot: number): string {
        return join(this.folder, "slots", `slot${slot}`)
    }

    /** How much of the image in the second slot is not erased, bytes. */
    written(): number {
        if (!existsSync(this.slotPath(1))) return 0
        const bytes = readFileSync(this.slotPath(1))
        let end = bytes.length
        while (end > 0 && bytes[end - 1] === 0xff) end--
        return end
    }

    program(slot: number): ReturnType<typeof readSlot> {
        return existsSync(this.slotPath(slot)) ? readSlot(readFileSync(this.slotPath(slot))) : undefined
    }

    async start(): Promise<Running> {
        return new Running(this.kind === linux ? this.linuxCommand() : await this.boardCommand())
    }

    private linuxCommand(): string[] {
        const file = join(this.folder, "settings")
        writeFileSync(file, this.lines())
        const flash = ["--storage", join(this.folder, "storage"), "--slots", join(this.folder, "slots")]
        return [buildNative(checkedDevice), "--guard", "0", "--settings", file, ...flash]
    }

    private async boardCommand(): Promise<string[]> {
        const file = join(this.folder, "settings")
        writeFileSync(file, `${this.lines()}flash=${join(this.folder, "storage")}\n`)
        const { path: firmware } = await buildBoard()
        const { listen } = this.settings
        const forward = listen === undefined ? [] : [{ host: Number(listen), board: Number(listen) }]
        return emulatorCommand({ firmware, slots: join(this.folder, "slots"), settingsFile: file, forward })
    }

    private lines(): string {
        return Object.entries(this.settings)
            .map(([name, value]) => `${name}=${value}\n`)
            .join("")
    }
}

async function until(condition: () => boolean, running: Running): Promise<void> {
    for (let i = 0; i < 6000 && !condition(); i++) await sleep(10)
    ok(condition(), running.output)
}

describe("a program over the air", function () {
    this.timeout(240000)

    for (const kind of [linux, board]) {
        const target = `${PRODUCT}/${kind === linux ? "posix" : "rv32-virt"}`

        it(`on ${kind.name}: is pushed by mote update, after it was interrupted only what is missing, and refused with a reason`, async function () {
            needs(this, kind.missing())
            const image = readFileSync(cachedDeviceImage(SERVER).path)
            const port = await freePort()
            const device = new FlashedDevice(kind, image, target, 0, { listen: String(port) })
            const push = (version: number, { keys = KEYS, to = port } = {}): Running => {
                const file = join(temporaryFolder("update"), "update.bin")
                const of = { version, target }
                writeFileSync(file, (updates[version] = updates[version] ?? writeUpdate(image, of, keys.privateKey)))
                const psk = ["--psk", `${PSK.identity}:${PSK.key}`]
                return new Running(mote("update", `coaps://127.0.0.1:${to}/update`, file, ...psk, "--json"))
            }
            const updates: Record<number, Buffer> = {}
            let running = await device.start()
            await running.expect("listening")
            const path = await RoughPath.open(port, SMOOTH)
            path.isCut = () => device.written() > INTERRUPTED
            let pushing = push(6, { to: path.port })
            await until(path.isCut, pushing)
            await pushing.end()
            await running.end()
            path.close()
            strictEqual(device.program(1), undefined)

            running = await device.start()
            await running.expect("listening")
            pushing = push(6)
            await pushing.ended(60000)
            strictEqual(pushing.exitCode, 0, pushing.output)
            const sent = [...pushing.output.matchAll(/"sent":(\d+)/g)].map(([, bytes]) => Number(bytes))
            ok(sent[0] === 1024 && sent[1] > 15000, sent.join())
            await running.expect("Another program starts")
            await until(() => running.output.split("listening").length === 3, running)
            for (const [version, keys, why] of [
                [6, KEYS, "4.09 Version 6 is not newer than 6"],
                [7, newKeyPair(), "4.03 The update is not signed by the key of this device's updates"],
            ] as const) {
                pushing = push(version, { keys })
                await pushing.ended(60000)
                strictEqual(pushing.exitCode, 1)
                ok(pushing.output.includes(`"code":"${why.slice(0, 4)}","text":"${why.slice(5)}"`), pushing.output)
            }
            strictEqual(device.program(1)?.lasted, true)
            await running.end()
        })

        it(`on ${kind.name}: power fails in the middle, the new program runs and confirms itself, and a bad one is rolled back`, async function () {
            needs(this, kind.missing())
            const image = readFileSync(cachedDeviceImage(PROGRAM).path)
            const gateway = await UpdateGateway.start(target)
            const path = await RoughPath.open(gateway.port, SMOOTH)
            const device = new FlashedDevice(kind, image, target, path.port)
            gateway.offer(image, 6)
            path.isCut = () => device.written() > INTERRUPTED
            let running = await device.start()
            await until(path.isCut, running)
            await running.end()
            path.isCut = () => false
            strictEqual(device.program(1), undefined)

            running = await device.start()
            const from = (): number => Number(/An update comes, from byte (\d+) on/.exec(running.output)?.[1] ?? 0)
            await until(() => from() > 0, running)
            ok(from() > 10000, `from ${from()}`)
            await until(() => device.program(1)?.lasted === true, running)
            strictEqual(device.program(1)?.number, 6)
            await running.expect(`No update: Version 6 is not newer than 6`, 60000)

            gateway.offer(Buffer.from(compileProgram('throw new Error("a bad program")\n')), 7)
            await running.expect("PANIC", 60000)
            await running.end()
            strictEqual(device.program(0)?.number, 7)
            for (let i = 0; i < 2; i++) {
                running = await device.start()
                await running.expect("PANIC", 60000)
                await running.end()
            }
            running = await device.start()
            await running.expect(TROUBLE, 60000)
            await running.expect("No update: Version 7 was tried", 60000)

            gateway.offer(image, 8, newKeyPair())
            await running.expect("No update: The update is not signed by the key of this device's updates", 60000)
            gateway.offer(image, 4)
            await running.expect("No update: Version 4 is not newer than 6", 60000)
            await running.end()
            strictEqual(statSync(device.slotPath(1)).size > image.length, true)
            path.close()
            await gateway.close()
        })
    }
})

/** A project whose updates are signed by a key pair of its own, and whose program is built. */
function project(board = "posix"): { config: DeviceConfig; files: BuildFiles; privateKey: KeyObject; folder: string } {
    const folder = temporaryFolder("update")
    const pair = newKeyPair()
    writeFileSync(join(folder, "app.ts"), "")
    writeFileSync(join(folder, "update.pub"), pair.publicKey.export({ format: "pem", type: "spki" }))
    const update = { key: "update.pub", product: PRODUCT }
    const to = { target: "coaps://gateway.example/readings", credentials: "keys.json", wifi: { ssid: "home" } }
    writeFileSync(join(folder, "devs.config.json"), JSON.stringify({ program: "app.ts", board, ...to, update }))
    const config = loadConfig(join(folder, "devs.config.json"))
    const files = buildFiles(config)
    mkdirSync(files.folder, { recursive: true })
    writeFileSync(files.image, "an image")
    writeFileSync(files.slot, programSlot(Buffer.from("an image"), 1764432000))
    return { config, files, privateKey: pair.privateKey, folder }
}

describe("mote build --update", () => {
    it("writes what the devices of the same configuration take: its product and board, its key, its number", () => {
        const { config, files, privateKey, folder } = project("esp32c3-devkitm-1")
        const path = join(folder, "update.bin")
        strictEqual(writeUpdateFile(config, files, path, privateKey), 1764432000)
        const { file, version, target } = openUpdate(path, "--update")
        const settings = deviceSettings(config, { settings: {}, wifiPassword: "" })
        strictEqual(version, 1764432000)
        strictEqual(settings["update-target"], target)
        strictEqual(target, `${PRODUCT}/esp32c3-devkitm-1`)
        ok(isSignedBy(file, Buffer.from(settings["update-key"], "hex")))
        ok(Object.values(settings).every((value) => value.length < 256))
    })

    it("refuses a key that no device would believe, a configuration that takes no updates, and files that are none", () => {
        const { config, files, privateKey, folder } = project()
        const path = join(folder, "update.bin")
        const stranger = newKeyPair().privateKey
        throws(() => writeUpdateFile(config, files, path, stranger), /no device would take the update/)
        const deaf = { ...config, update: undefined }
        throws(() => writeUpdateFile(deaf, files, path, privateKey), /the configuration has no "update"/)
        writeFileSync(path, "something else")
        throws(() => openUpdate(path, "--update"), /is no whole update of mote build --update/)
        throws(() => readSigningKey(path, "--sign"), /--sign: .* is no such key in PEM/)
    })
})
