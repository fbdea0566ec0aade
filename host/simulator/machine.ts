import { createHash, randomFillSync } from "node:crypto"
import { performance } from "node:perf_hooks"
import { errorKinds, Panic, Word } from "../abi/abi.js"
import { type Exports, FAILED, MachineValues, type Value } from "./machine-values.js"
import { type Native, NativeCall, NativeError, type Result } from "./native-call.js"

const MOST_POSITIONS = 16

/** As in firmware/port/wasm/port.c: limit on a port's functions of `ds`. */
const MOST_NATIVES = 128

/** Thrown for data that is not an image, or cannot be run safely. */
export class ImageRefused extends Error {
    readonly code = Panic.INVALID_IMAGE
}

export interface MachineOptions {
    /** bytes of the arena, 4096 to 64 MB */
    arenaBytes: number
    /** limit on nested calls of a fiber */
    maxDepth: number
    /** limit on operations that a fiber runs without yielding; 0: none */
    guard: number
    gcStress: boolean
    /** 16 hexadecimal digits */
    deviceId: string
    natives: Native[]
    bufferNatives: Native[]
    /** One console line; level is one of `> * ! ? #`. */
    print(level: string, line: string): void
    /** Something arrived from outside, so `step` has to be called soon. */
    wake(): void
}

/** The interpreter's counts for one function. */
export interface FunctionCount {
    /** number of times it was called */
    calls: number
    /** number of calls it made, to functions and natives */
    made: number
    operations: number
}

/** What an image's code did. */
export interface CodeCounts {
    /** by function number */
    functions: FunctionCount[]
    /** for each byte of the image 1 if it is an operation that ran, otherwise 0 */
    ran: Uint8Array
}

export interface Counters {
    operations: number
    natives: number
    collections: number
    /** microseconds */
    longestPause: number
    arenaBytes: number
    fixedBytes: number
    usedBytes: number
    liveBytes: number
    peakLiveBytes: number
    peakUsedBytes: number
    peakDepth: number
    peakStackBytes: number
}

/** One machine (firmware/vm) in a WebAssembly instance of its own. */
export class Machine {
    private exports: Exports
    readonly values: MachineValues
    private positions: number
    /** number of natives whose fibers wait for the host */
    pending = 0
    /** number of loaded programs: a native's late answer to one must not reach the next */
    private loads = 0
    /** times each native was called, by name */
    readonly calls = new Map<string, number>()

    constructor(
        module: WebAssembly.Module,
        private options: MachineOptions,
    ) {
        const { natives, bufferNatives } = options
        if (natives.length > MOST_NATIVES)
            throw new RangeError(`The machine has room for ${MOST_NATIVES} natives, not for ${natives.length}`)
        const mote = {
            print: (level: number, line: number, length: number) =>
                options.print(String.fromCharCode(level), this.values.text(line, length)),
            random: (target: number, length: number) => {
                randomFillSync(this.values.bytes(target, length))
                return 1
            },
            micros: () => performance.now() * 1000,
            collected: () => {
                for (const native of natives) native.collected?.((object) => this.exports.is_alive(object) !== 0)
            },
            native: (ofBuffer: number, index: number, receiver: Value, args: number, count: number) =>
                this.callNative((ofBuffer === 0 ? natives : bufferNatives)[index], receiver, args, count),
        }
        const instance = new WebAssembly.Instance(module, { mote })
        this.exports = instance.exports as unknown as Exports
        this.values = new MachineValues(this.exports)
        this.positions = this.exports.allocate(MOST_POSITIONS * 4)
        natives.forEach((native, index) => this.addNative(0, index, native))
        bufferNatives.forEach((native, index) => this.addNative(1, index, native))
        this.exports.set_device_id(this.values.putText(options.deviceId.padEnd(16, "0")))
        const { arenaBytes, maxDepth, guard, gcStress } = options
        if (this.exports.create(arenaBytes, maxDepth, guard, gcStress ? 1 : 0) === 0)
            throw new RangeError(`A heap of ${arenaBytes} bytes is too small for the machine`)
    }

    private addNative(ofBuffer: number, index: number, native: Native): void {
        const name = Buffer.from(`${native.name}\0`)
        const at = this.exports.allocate(name.length)
        this.values.bytes(at, name.length).set(name)
        this.exports.add_native(ofBuffer, index, at, native.numArgs)
    }

    /** Verifies an image and prepares it to run. Throws with the reason if the machine refuses it. */
    load(image: Uint8Array): void {
        this.endNatives()
        this.pending = 0
        this.loads++
        const at = this.exports.allocate(image.length)
        this.values.bytes(at, image.length).set(image)
        if (this.exports.load(at, image.length) === 0) return this.translate(image)
        const reason = this.exports.load_error()
        const end = this.values.bytes(reason, 200).indexOf(0)
        throw new ImageRefused(`The machine refuses the image: ${this.values.text(reason, end)}`)
    }

    /** Lets functions of this image run as C if the machine has them, instead of their bytecode. */
    private translate(image: Uint8Array): void {
        const hash = createHash("sha256").update(image).digest()
        this.values.bytes(this.values.scratch, hash.length).set(hash)
        this.exports.translate?.(this.values.scratch)
    }

    /**
     * After `load`, in the profiling machine: starts counting what the image's code does.
     * @param functions number of functions in the image
     */
    startProfile(functions: number, imageBytes: number): void {
        if (this.exports.profile === undefined) throw new Error("this machine does not count by function")
        this.profiled = { at: this.exports.profile(functions, imageBytes), functions, imageBytes }
    }

    /** What ran since `startProfile`; empty without it. */
    profile(): CodeCounts {
        const { at, functions, imageBytes } = this.profiled
        const words = new Uint32Array(this.exports.memory.buffer, at, functions * 3)
        const counts = Array.from({ length: functions }, (_, i) => {
            const [calls, made, operations] = words.subarray(3 * i)
            return { calls, made, operations }
        })
        return { functions: counts, ran: this.values.bytes(at + words.byteLength, imageBytes).slice() }
    }

    private profiled = { at: 0, functions: 0, imageBytes: 0 }

    /** The program has ended: closes handles and overwrites the memory, which may have contained keys. */
    erase(): void {
        this.endNatives()
        this.exports.erase()
    }

    private endNatives(): void {
        for (const native of this.options.natives) native.ended?.()
    }

    /**
     * Runs what is due.
     * @param now ms since start
     * @returns time of the next step, ms since start; undefined if only an external event can wake it
     */
    step(now: number): number | undefined {
        const wake = this.exports.step(now)
        return wake < 0 ? undefined : wake
    }

    /** The panic code; undefined while the program runs. */
    get panic(): number | undefined {
        const code = this.exports.panic()
        return code < 0 ? undefined : code
    }

    get fibers(): number {
        return this.exports.fibers()
    }

    collect(): void {
        this.exports.collect()
    }

    counters(): Counters {
        const operations = this.exports.operations()
        const words = new Uint32Array(this.exports.memory.buffer, this.exports.counters(), 11)
        const [natives, collections, longestPause, arenaBytes, fixedBytes, usedBytes, liveBytes] = words
        const [peakLiveBytes, peakUsedBytes, peakDepth, peakStackBytes] = words.subarray(7)
        return {
            operations,
            natives,
            collections,
            longestPause,
            arenaBytes,
            fixedBytes,
            usedBytes,
            liveBytes,
            peakLiveBytes,
            peakUsedBytes,
            peakDepth,
            peakStackBytes,
        }
    }

    /** Code positions of the last exception or panic, innermost call first: bytes from the image's start. */
    trace(): number[] {
        const count = this.exports.trace(this.positions, MOST_POSITIONS)
        return [...new Uint32Array(this.exports.memory.buffer, this.positions, count)]
    }

    /** The uncaught exception, as text. */
    exception(): string {
        return this.values.text(this.values.scratch, this.exports.exception(this.values.scratch, 400))
    }

    /* Natives */

    private callNative(native: Native, receiver: Value, args: number, count: number): Value {
        this.calls.set(native.name, (this.calls.get(native.name) ?? 0) + 1)
        const words = new Int32Array(this.exports.memory.buffer, args, count)
        try {
            const result = native.run(new NativeCall(this, native, receiver, [...words]))
            return result instanceof Promise ? this.suspend(native, result) : this.values.fromResult(result)
        } catch (error) {
            return this.raise(native, error)
        }
    }

    private raise(native: Native, error: unknown): Value {
        const kind = error instanceof NativeError ? error.kind : "Error"
        const message = error instanceof NativeError ? error.message : `${native.name}: ${(error as Error).message}`
        return this.exports.throw_error(errorKinds.indexOf(kind), this.values.putText(message))
    }

    /**
     * Suspends the fiber until the promise is settled. A rejection is a defect of the native, because natives return
     * errors as values.
     */
    private suspend(native: Native, promise: Promise<Result>): Value {
        const pin = this.exports.suspend()
        if (pin === 0) return FAILED
        this.pending++
        const { loads } = this
        const finish = (result: Result): void => {
            if (loads !== this.loads) return
            this.pending--
            if (this.panic !== undefined) return
            const value = this.values.fromResult(result)
            if (value !== FAILED) this.exports.resume(pin, value)
            this.options.wake()
        }
        promise.then(finish, (error: Error) => {
            this.options.print("!", `${native.name}: ${error.message}`)
            finish(undefined)
        })
        return Word.UNDEFINED
    }

    /** Runs `ds._socketOnEvent` if the program has it. False: there is no memory for it. */
    tellSocket(event: string, about: Uint8Array | string | undefined): boolean {
        const value = this.values.fromResult(about)
        return (
            value !== FAILED &&
            this.exports.tell_socket(this.values.putText(event), this.values.scratchLength, value) !== 0
        )
    }

    /** Runs a pinned function in a fiber of its own, at the next step. */
    startPinned(pin: number): void {
        if (this.panic !== undefined) return
        this.exports.start(this.exports.pinned(pin))
        this.options.wake()
    }
}
