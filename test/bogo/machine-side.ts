import { readFileSync } from "node:fs"
import { DebugMap } from "../../host/simulator/debug-map.js"
import { Device } from "../../host/simulator/device.js"
import { type NativeCall, type Result } from "../../host/simulator/native-call.js"
import { importPrivateKey, NodeKeys } from "../../src/platform/node/keys.js"
import { Unimplemented } from "./engine/configuration.js"
import { ShimFailure } from "./engine/failure.js"
import { type Flags } from "./flags.js"
import { connectToRunner, type RunnerLink } from "./framing.js"

/** The files made by run.ts. */
export interface MachineFiles {
    /** the machine as WebAssembly */
    machine: string
    /** machine/main.ts, compiled */
    image: string
}

type Call = Pick<NativeCall, "buffer" | "integer" | "optionalNumber" | "text">
type Run = (call: Call) => Result | Promise<Result>

const bytes = (call: Call, index: number): Buffer => Buffer.from(call.buffer(index, "bytes"))

/** 16-bit numbers. */
const codes = (list: number[]): Buffer => Buffer.from(list.flatMap((code) => [code >> 8, code & 255]))

/** Serves the program in the machine: the runner's connections, and kinds of keys that no device supports. */
class Bridge {
    failure: Error | undefined
    private begun = 0
    private link: RunnerLink | undefined
    private keys = new NodeKeys()

    constructor(private connections: Flags[]) {}

    natives(): Record<string, [number, Run]> {
        return {
            _bogoConnection: [0, () => this.nextConnection()],
            _bogoOpen: [0, () => this.open()],
            _bogoNext: [1, (call) => this.next(call.optionalNumber(0, "quietAfter") ?? -1)],
            _bogoSend: [1, (call) => void this.link?.sendPacket(bytes(call, 0))],
            _bogoAcknowledge: [0, () => void this.link?.acknowledgeTimeout()],
            _bogoClose: [0, () => this.close()],
            _bogoFailed: [2, (call) => this.failed(call.integer(0, "isUnimplemented", 0, 1), call.text(1, "why"))],
            ...this.keyNatives(),
        }
    }

    private keyNatives(): ReturnType<Bridge["natives"]> {
        return {
            _bogoSchemes: [1, (call) => codes(this.schemesOf(bytes(call, 0)))],
            _bogoSign: [
                3,
                (call) => importPrivateKey(bytes(call, 0))?.sign(call.integer(1, "scheme", 0, 65535), bytes(call, 2)),
            ],
            _bogoVerify: [
                4,
                (call) =>
                    this.keys.verify(
                        bytes(call, 0),
                        call.integer(1, "scheme", 0, 65535),
                        bytes(call, 2),
                        bytes(call, 3),
                    ),
            ],
        }
    }

    /** As JSON; undefined: there are no more. */
    private nextConnection(): Buffer | undefined {
        const { [this.begun++]: flags } = this.connections
        return flags === undefined ? undefined : Buffer.from(JSON.stringify({ ...flags, shimId: 0 }, asHex))
    }

    private async open(): Promise<undefined> {
        this.link = await connectToRunner(this.connections[this.begun - 1])
    }

    private async close(): Promise<undefined> {
        await this.link?.close()
    }

    private async next(quietAfter: number): Promise<Buffer> {
        const { kind, time, data } = await (this.link as RunnerLink).next(quietAfter)
        const head = Buffer.alloc(9, kind)
        head.writeDoubleLE(time, 1)
        return Buffer.concat([head, data])
    }

    private failed(isUnimplemented: number, why: string): undefined {
        this.failure = isUnimplemented === 1 ? new Unimplemented(why) : new ShimFailure(why)
    }

    /** @param key empty: the schemes that can be verified */
    private schemesOf(key: Buffer): number[] {
        return key.length === 0 ? [...this.keys.schemes] : (importPrivateKey(key)?.schemes ?? [])
    }
}

/**
 * Encodes Buffers in the form that engine/configuration.ts reads; `JSON.stringify` has already converted them to
 * objects.
 */
function asHex(this: Record<string, unknown>, name: string, value: unknown): unknown {
    const original = this[name]
    return Buffer.isBuffer(original) ? { hex: original.toString("hex") } : value
}

/** Runs a test's connections in the machine. */
export async function runInMachine(connections: Flags[], files: MachineFiles): Promise<void> {
    const bridge = new Bridge(connections)
    const device = new Device(new WebAssembly.Module(readFileSync(files.machine)), readFileSync(files.image), {
        ...{ heapBytes: 16 * 1024 * 1024, maxDepth: 200, guard: 0, gcStress: false, virtualTime: false },
        ...{ deviceId: "0", settings: {}, storageFolder: "", log: () => undefined },
        print: (_level, line) => console.error(line),
        natives: Object.entries(bridge.natives()).map(([name, [numArgs, run]]) => ({ name, numArgs, run })),
    })
    const { code, exception, trace } = await device.run()
    if (bridge.failure !== undefined) throw bridge.failure
    if (code !== 0) throw new Error(`the machine ended with ${code}: ${exception}${where(files, trace)}`)
}

function where({ image }: MachineFiles, trace: number[]): string {
    const map = DebugMap.load(image.replace(/devs$/, "json"), "")
    const lines = trace.flatMap((position) => map?.lines(position) ?? [])
    return lines.map((line) => `\n${line}`).join("")
}
