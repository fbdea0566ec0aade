import { performance } from "node:perf_hooks"
import { type LogLevel } from "../../src/gio/log-level.js"
import { type DatagramObserver } from "../trace/observed-services.js"
import { bufferNatives, cryptoNatives } from "./crypto-natives.js"
import { i2cNatives } from "./i2c-natives.js"
import { pinNatives } from "./pin-natives.js"
import { type Counters, Machine } from "./machine.js"
import { bufferNativeList, hostNativeList } from "./natives.js"
import { systemNatives } from "./system-natives.js"
import { DeviceSockets } from "./udp-natives.js"

/** Real milliseconds that a virtual clock waits for datagrams before it jumps. */
const VIRTUAL_GRACE = 20

export interface DeviceOptions {
    /** bytes */
    heapBytes: number
    maxDepth: number
    /** operations without yielding; 0: no limit */
    guard: number
    gcStress: boolean
    /** sleeping takes no time; while sockets are open, a little (datagrams come in real time) */
    virtualTime: boolean
    /** 16 hexadecimal digits */
    deviceId: string
    settings: Record<string, string | undefined>
    storageFolder: string
    /** One console line; level is one of `> * ! ? #`. */
    print(level: string, line: string): void
    log(level: LogLevel, message: string): void
    /** told of every datagram that passes the device's sockets */
    observe?: DatagramObserver
}

export interface Outcome {
    /** 0: ds.restart(); other numbers: panic; undefined: stopped, or nothing is left that could run */
    code: number | undefined
    /** the exception that nobody caught; "" when there is none */
    exception: string
    /** code positions, innermost call first */
    trace: number[]
    counters: Counters
    calls: Map<string, number>
    /** ms spent inside the machine */
    busy: number
}

/** A simulated device: a machine with its program, natives and clock. */
export class Device {
    private machine: Machine
    private sockets: DeviceSockets
    private start = performance.now()
    private virtualNow = 0
    private stopped = false
    private woken = false
    private busy = 0
    private wakeUp: (() => void) | undefined
    private image: Uint8Array
    /** ms of deep sleep that the program asked for */
    private deepSleep = 0
    /** among them the settings, and with them the key */
    readonly #options: DeviceOptions
    private rebootReason = "power-on"

    /** Throws when the heap is too small or the machine refuses the image. */
    constructor(module: WebAssembly.Module, image: Uint8Array, options: DeviceOptions) {
        this.#options = options
        this.image = image
        const { heapBytes, maxDepth, guard, gcStress, deviceId } = options
        this.sockets = new DeviceSockets(options.observe ?? ((): void => undefined))
        this.machine = new Machine(module, {
            arenaBytes: heapBytes,
            maxDepth,
            guard,
            gcStress,
            deviceId,
            natives: hostNativeList({
                ...cryptoNatives(),
                ...this.sockets.natives(),
                ...this.systemNatives(),
                ...i2cNatives(),
                ...pinNatives(options.settings),
            }),
            bufferNatives: bufferNativeList(bufferNatives()),
            print: (level, line) => options.print(level, line),
            wake: () => this.wake(),
        })
        this.machine.load(image)
    }

    /** Runs the program until it ends, panics, has nothing left to do, or is stopped. */
    async run(): Promise<Outcome> {
        while (!this.stopped && this.machine.panic === undefined) {
            const now = this.now()
            const begin = performance.now()
            const wake = this.machine.step(now)
            this.busy += performance.now() - begin
            if (this.machine.panic !== undefined) break
            if (this.deepSleep > 0) {
                await this.sleepDeeply()
                continue
            }
            if (wake === undefined && this.machine.pending === 0 && this.sockets.size === 0) break
            await this.sleep(wake === undefined ? undefined : wake - now)
        }
        this.sockets.closeAll()
        const outcome = {
            code: this.machine.panic,
            exception: this.machine.exception(),
            trace: this.machine.trace(),
            counters: this.machine.counters(),
            calls: this.machine.calls,
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

    /** The device is off; then it starts anew, with nothing but its storage. */
    private async sleepDeeply(): Promise<void> {
        this.sockets.closeAll()
        this.machine.erase()
        const until = this.now() + this.deepSleep
        this.deepSleep = 0
        if (this.#options.virtualTime) this.virtualNow = until
        else while (!this.stopped && this.now() < until) await this.pause(until - this.now())
        this.rebootReason = "deep-sleep"
        this.machine.load(this.image)
    }

    /** Collects garbage now; then `liveBytes` is what is alive. */
    measure(): Counters {
        this.machine.collect()
        return this.machine.counters()
    }

    stop(): void {
        this.stopped = true
        this.wake()
    }

    private wake(): void {
        this.woken = true
        this.wakeUp?.()
    }

    private now(): number {
        return this.#options.virtualTime ? this.virtualNow : Math.floor(performance.now() - this.start)
    }

    /** @param time ms until the next fiber is due; undefined: only an event can wake one */
    private async sleep(time: number | undefined): Promise<void> {
        if (!this.#options.virtualTime) return await this.pause(time)
        const outside = this.machine.pending > 0 ? undefined : this.sockets.size > 0 ? VIRTUAL_GRACE : 0
        const target = time === undefined ? undefined : this.virtualNow + Math.max(0, time)
        await this.pause(target === undefined ? undefined : outside)
        if (!this.woken && target !== undefined) this.virtualNow = target
        this.woken = false
    }

    /** Until something comes in, at most `time` ms. */
    private async pause(time: number | undefined): Promise<void> {
        await new Promise<void>((resolve) => {
            let timer: NodeJS.Timeout | undefined
            const done = (): void => {
                clearTimeout(timer)
                this.wakeUp = undefined
                resolve()
            }
            if (this.woken || (time !== undefined && time <= 0)) return void setImmediate(done)
            this.wakeUp = done
            if (time !== undefined) timer = setTimeout(done, Math.min(time, 0x7fffffff))
        })
        if (!this.#options.virtualTime) this.woken = false
    }
}
