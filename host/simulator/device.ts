import { performance } from "node:perf_hooks"
import { type LogLevel } from "../../src/gio/log-level.js"
import { type DatagramObserver } from "../trace/observed-services.js"
import { certificateNatives } from "./certificate-natives.js"
import { bufferNatives, cryptoNatives } from "./crypto-natives.js"
import { type DeviceClock, JumpingClock, Outside, RealClock } from "./device-clock.js"
import { type DeviceNetwork, hostNetwork } from "./device-network.js"
import { I2cBus, i2cNatives } from "./i2c-natives.js"
import { pinNatives } from "./pin-natives.js"
import { type Counters, type CodeCounts, Machine } from "./machine.js"
import { type Native } from "./native-call.js"
import { bufferNativeList, hostNativeList } from "./natives.js"
import { systemNatives } from "./system-natives.js"
import { DeviceStreams } from "./tcp-natives.js"
import { DeviceSockets } from "./udp-natives.js"

export interface DeviceOptions {
    /** bytes */
    heapBytes: number
    maxDepth: number
    /** limit on operations without yielding; 0: none */
    guard: number
    gcStress: boolean
    /** sleeping takes no real time, or a little while sockets are open, because datagrams arrive in real time */
    virtualTime: boolean
    /** 16 hexadecimal digits */
    deviceId: string
    settings: Record<string, string | undefined>
    storageFolder: string
    /** replaces the clock selected by `virtualTime` */
    clock?: DeviceClock
    /** Unix seconds; default: the time of this computer */
    wallClock?: () => number
    /** default: this computer's */
    network?: DeviceNetwork
    /** number of functions in the image: counts what each does; needs a profiling machine (machineModule) */
    profiledFunctions?: number
    /** instead of this computer's random bytes, so that recorded datagrams can be played back */
    random?: (length: number) => Uint8Array
    /** additional natives for the program, as `ds.NAME` */
    natives?: Native[]
    /** default: a bus with an SHT4x */
    i2c?: I2cBus
    /** One console line; level is one of `> * ! ? #`. */
    print(level: string, line: string): void
    log(level: LogLevel, message: string): void
    /** called for every datagram that passes the device's sockets */
    observe?: DatagramObserver
}

export interface Outcome {
    /** 0: ds.restart(); other numbers: panic; undefined: stopped, or nothing is left to run */
    code: number | undefined
    /** the uncaught exception; "" if there is none */
    exception: string
    /** code positions, innermost call first */
    trace: number[]
    counters: Counters
    calls: Map<string, number>
    /** empty unless asked for */
    profile: CodeCounts
    /** ms spent inside the machine */
    busy: number
}

/** A simulated device: a machine with its program, natives and clock. */
export class Device {
    private machine: Machine
    private sockets: DeviceSockets
    private streams: DeviceStreams
    private clock: DeviceClock
    private stopped = false
    private busy = 0
    private image: Uint8Array
    /** ms of deep sleep requested by the program */
    private deepSleep = 0
    /** private because it contains the settings, including the key */
    readonly #options: DeviceOptions
    private rebootReason = "power-on"

    /** Throws if the heap is too small, or the machine refuses the image. */
    constructor(module: WebAssembly.Module, image: Uint8Array, options: DeviceOptions) {
        this.#options = options
        this.image = image
        const { heapBytes, maxDepth, guard, gcStress, deviceId, network = hostNetwork } = options
        this.clock = options.clock ?? (options.virtualTime ? new JumpingClock() : new RealClock())
        this.sockets = new DeviceSockets(network, options.observe ?? ((): void => undefined))
        this.streams = new DeviceStreams(network, () => this.clock.wake())
        this.machine = new Machine(module, {
            arenaBytes: heapBytes,
            maxDepth,
            guard,
            gcStress,
            deviceId,
            natives: [
                ...hostNativeList({
                    ...cryptoNatives(options.random),
                    ...certificateNatives(),
                    ...this.sockets.natives(),
                    ...this.streams.natives(),
                    ...this.systemNatives(),
                    ...i2cNatives(options.i2c ?? new I2cBus()),
                    ...pinNatives(options.settings),
                }),
                ...(options.natives ?? []),
            ],
            bufferNatives: bufferNativeList(bufferNatives()),
            print: (level, line) => options.print(level, line),
            wake: () => this.clock.wake(),
        })
        this.load()
    }

    private load(): void {
        this.machine.load(this.image)
        const { profiledFunctions } = this.#options
        if (profiledFunctions !== undefined) this.machine.startProfile(profiledFunctions, this.image.length)
    }

    /** Runs the program until it ends, panics, has nothing left to do, or is stopped. */
    async run(): Promise<Outcome> {
        while (!this.stopped && this.machine.panic === undefined) {
            const now = this.clock.now()
            const begin = performance.now()
            this.streams.poll(this.machine)
            const wake = this.machine.step(now)
            this.busy += performance.now() - begin
            if (this.machine.panic !== undefined) break
            if (this.deepSleep > 0) {
                await this.sleepDeeply()
                continue
            }
            if (wake === undefined && this.outside() === Outside.nothing) break
            await this.clock.sleep(wake === undefined ? undefined : wake - now, this.outside())
        }
        this.closeNetwork()
        const outcome = {
            code: this.machine.panic,
            exception: this.machine.exception(),
            trace: this.machine.trace(),
            counters: this.machine.counters(),
            calls: this.machine.calls,
            profile: this.machine.profile(),
            busy: this.busy,
        }
        this.machine.erase()
        return outcome
    }

    private systemNatives(): ReturnType<typeof systemNatives> {
        return systemNatives(this.#options, {
            reason: () => this.rebootReason,
            deepSleep: (ms) => void (this.deepSleep = ms),
        })
    }

    private closeNetwork(): void {
        this.sockets.closeAll()
        this.streams.close()
    }

    /** Switches the device off, then restarts it with only its storage preserved. */
    private async sleepDeeply(): Promise<void> {
        this.closeNetwork()
        this.machine.erase()
        const until = this.clock.now() + this.deepSleep
        this.deepSleep = 0
        while (!this.stopped && this.clock.now() < until)
            await this.clock.sleep(until - this.clock.now(), Outside.nothing)
        this.rebootReason = "deep-sleep"
        this.load()
    }

    /** Collects garbage, so that `liveBytes` contains only live data. */
    measure(): Counters {
        this.machine.collect()
        return this.machine.counters()
    }

    stop(): void {
        this.stopped = true
        this.clock.wake()
    }

    /** External events that the device waits for. */
    outside(): Outside {
        if (this.machine.pending > 0) return Outside.natives
        return this.sockets.size > 0 || this.streams.isAwaited ? Outside.datagrams : Outside.nothing
    }
}
