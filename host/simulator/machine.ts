import { createHash, randomFillSync } from "node:crypto"
import { performance } from "node:perf_hooks"
import { errorKinds, Panic, Word } from "../abi/abi.js"

/** A value word of the machine. Valid until the next call that may allocate; pin it to keep it. */
export type Value = number

/** What firmware/port/wasm/port.c exports. */
interface Exports {
    memory: WebAssembly.Memory
    allocate(bytes: number): number
    add_native(ofBuffer: number, index: number, name: number, numArgs: number): void
    set_device_id(id: number): void
    create(arenaBytes: number, maxDepth: number, guard: number, gcStress: number): number
    load(image: number, length: number): number
    /** of a machine with translations alone */
    translate?(sha256: number): number
    /** of the profiling machine alone */
    profile?(functions: number): number
    erase(): void
    load_error(): number
    step(now: number): number
    panic(): number
    fibers(): number
    collect(): void
    operations(): number
    counters(): number
    trace(positions: number, most: number): number
    exception(text: number, size: number): number
    last_length(): number
    string_of(value: Value): number
    buffer_of(value: Value): number
    is_writable(value: Value): number
    is_number(value: Value): number
    is_array(value: Value): number
    is_function(value: Value): number
    is_object(value: Value): number
    is_alive(object: Value): number
    number_of(value: Value): number
    array_length(value: Value): number
    array_at(value: Value, index: number): Value
    new_number(number: number): Value
    new_string(text: number, length: number): Value
    new_buffer(length: number): Value
    new_array(): Value
    push(array: Value, value: Value): number
    throw_error(kind: number, message: number): Value
    pin(value: Value): number
    pinned(pin: number): Value
    unpin(pin: number): void
    suspend(): number
    resume(pin: number, value: Value): number
    start(callback: Value): number
    tell_socket(event: number, length: number, about: Value): number
}

const { UNDEFINED, FALSE, TRUE, FAILED }: Record<string, Value> = Word

/** Bytes for texts on their way into the machine. */
const SCRATCH = 4096
const MOST_POSITIONS = 16

/** As in firmware/port/wasm/port.c: functions of `ds` that a port may have. */
const MOST_NATIVES = 128

/** What a native gives back; a promise suspends the calling fiber until it is settled. */
export type Result = undefined | boolean | number | string | Uint8Array | string[]

/** Class of the exception that a native throws. */
export type ErrorKind = (typeof errorKinds)[number]

/** What is no image, or none that can be run safely. */
export class ImageRefused extends Error {
    readonly code = Panic.INVALID_IMAGE
}

/** Thrown by a native: becomes an exception in the program. */
export class NativeError extends Error {
    constructor(
        readonly kind: ErrorKind,
        message: string,
    ) {
        super(message)
    }
}

/** A native function: as `ds.NAME`, or of Buffer. */
export interface Native {
    name: string
    /** missing arguments are filled up to it with undefined */
    numArgs: number
    run(call: NativeCall): Result | Promise<Result>
    /** Called in each collection: whether an object of the program is still reachable. */
    collected?(isAlive: (object: Value) => boolean): void
    /** Called when the program has ended and another may be loaded. */
    ended?(): void
}

export interface MachineOptions {
    /** bytes of the arena, 4096 to 64 MB */
    arenaBytes: number
    /** nested calls of a fiber */
    maxDepth: number
    /** operations a fiber may run without yielding; 0: no limit */
    guard: number
    gcStress: boolean
    /** 16 hexadecimal digits */
    deviceId: string
    natives: Native[]
    bufferNatives: Native[]
    /** One console line; level is one of `> * ! ? #`. */
    print(level: string, line: string): void
    /** Something came in from outside: step again soon. */
    wake(): void
}

/** What the interpreter did in one function. */
export interface FunctionCount {
    /** how often it was called */
    calls: number
    /** how often it called another one, or a native */
    made: number
    operations: number
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

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** One machine (firmware/vm) in a WebAssembly instance of its own. */
export class Machine {
    private exports: Exports
    private scratch: number
    private positions: number
    /** natives whose fibers wait for the host */
    pending = 0
    /** counts loaded programs: what a native answers to one does not reach the next */
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
                options.print(String.fromCharCode(level), this.text(line, length)),
            random: (target: number, length: number) => {
                randomFillSync(this.bytes(target, length))
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
        this.scratch = this.exports.allocate(SCRATCH)
        this.positions = this.exports.allocate(MOST_POSITIONS * 4)
        natives.forEach((native, index) => this.addNative(0, index, native))
        bufferNatives.forEach((native, index) => this.addNative(1, index, native))
        this.exports.set_device_id(this.putText(options.deviceId.padEnd(16, "0")))
        const { arenaBytes, maxDepth, guard, gcStress } = options
        if (this.exports.create(arenaBytes, maxDepth, guard, gcStress ? 1 : 0) === 0)
            throw new RangeError(`A heap of ${arenaBytes} bytes is too small for the machine`)
    }

    private addNative(ofBuffer: number, index: number, native: Native): void {
        const name = encoder.encode(`${native.name}\0`)
        const at = this.exports.allocate(name.length)
        this.bytes(at, name.length).set(name)
        this.exports.add_native(ofBuffer, index, at, native.numArgs)
    }

    private bytes(at: number, length: number): Uint8Array {
        return new Uint8Array(this.exports.memory.buffer, at, length)
    }

    private text(at: number, length: number): string {
        return decoder.decode(this.bytes(at, length))
    }

    /** Puts a text with its NUL into scratch memory, cut where it does not fit. */
    private putText(text: string): number {
        this.scratchLength = encoder.encodeInto(text, this.bytes(this.scratch, SCRATCH - 1)).written
        this.bytes(this.scratch, SCRATCH)[this.scratchLength] = 0
        return this.scratch
    }

    private scratchLength = 0

    /** Verifies an image and makes it ready to run. Throws with the reason when the machine refuses it. */
    load(image: Uint8Array): void {
        this.endNatives()
        this.pending = 0
        this.loads++
        const at = this.exports.allocate(image.length)
        this.bytes(at, image.length).set(image)
        if (this.exports.load(at, image.length) === 0) return this.translate(image)
        const reason = this.exports.load_error()
        const end = this.bytes(reason, 200).indexOf(0)
        throw new ImageRefused(`The machine refuses the image: ${this.text(reason, end)}`)
    }

    /** Functions of this image that the machine has as C run in place of their bytecode. */
    private translate(image: Uint8Array): void {
        const hash = createHash("sha256").update(image).digest()
        this.bytes(this.scratch, hash.length).set(hash)
        this.exports.translate?.(this.scratch)
    }

    /** After `load`, in the profiling machine: counts what each of the image's functions does. */
    startProfile(functions: number): void {
        if (this.exports.profile === undefined) throw new Error("this machine does not count by function")
        this.profiled = { at: this.exports.profile(functions), functions }
    }

    /** What the functions did since `startProfile`, by their numbers; none without it. */
    profile(): FunctionCount[] {
        const { at, functions } = this.profiled
        const words = new Uint32Array(this.exports.memory.buffer, at, functions * 3)
        return Array.from({ length: functions }, (_, i) => {
            const [calls, made, operations] = words.subarray(3 * i)
            return { calls, made, operations }
        })
    }

    private profiled = { at: 0, functions: 0 }

    /** The program is over: handles are closed, and its memory is overwritten, keys it may have held among them. */
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
     * @returns ms since start when something is due next, undefined when only an event from outside can wake it
     */
    step(now: number): number | undefined {
        const wake = this.exports.step(now)
        return wake < 0 ? undefined : wake
    }

    /** The panic code, undefined while it runs. */
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

    /** The exception that nobody caught, as text. */
    exception(): string {
        return this.text(this.scratch, this.exports.exception(this.scratch, 400))
    }

    /* Natives */

    private callNative(native: Native, receiver: Value, args: number, count: number): Value {
        this.calls.set(native.name, (this.calls.get(native.name) ?? 0) + 1)
        const words = new Int32Array(this.exports.memory.buffer, args, count)
        try {
            const result = native.run(new NativeCall(this, native, receiver, [...words]))
            return result instanceof Promise ? this.suspend(native, result) : this.fromResult(result)
        } catch (error) {
            return this.raise(native, error)
        }
    }

    private raise(native: Native, error: unknown): Value {
        const kind = error instanceof NativeError ? error.kind : "Error"
        const message = error instanceof NativeError ? error.message : `${native.name}: ${(error as Error).message}`
        return this.exports.throw_error(errorKinds.indexOf(kind), this.putText(message))
    }

    /** The fiber sleeps until the promise is settled. A rejected one is a defect of the native: it says errors by value. */
    private suspend(native: Native, promise: Promise<Result>): Value {
        const pin = this.exports.suspend()
        if (pin === 0) return FAILED
        this.pending++
        const { loads } = this
        const finish = (result: Result): void => {
            if (loads !== this.loads) return
            this.pending--
            if (this.panic !== undefined) return
            const value = this.fromResult(result)
            if (value !== FAILED) this.exports.resume(pin, value)
            this.options.wake()
        }
        promise.then(finish, (error: Error) => {
            this.options.print("!", `${native.name}: ${error.message}`)
            finish(undefined)
        })
        return UNDEFINED
    }

    private fromResult(result: Result): Value {
        switch (typeof result) {
            case "undefined":
                return UNDEFINED
            case "boolean":
                return result ? TRUE : FALSE
            case "number":
                return this.exports.new_number(result)
            case "string":
                return this.newText(result)
            default:
                return result instanceof Uint8Array ? this.newBuffer(result) : this.newTexts(result)
        }
    }

    private newText(text: string): Value {
        const value = this.exports.new_string(this.putText(text), this.scratchLength)
        // It may have been a key.
        this.bytes(this.scratch, this.scratchLength).fill(0)
        return value
    }

    private newBuffer(bytes: Uint8Array): Value {
        const value = this.exports.new_buffer(bytes.length)
        if (value !== FAILED) this.bytes(this.exports.buffer_of(value), bytes.length).set(bytes)
        return value
    }

    private newTexts(texts: string[]): Value {
        const array = this.exports.new_array()
        const pin = array === FAILED ? 0 : this.exports.pin(array)
        if (pin === 0) return FAILED
        const done = texts.every((text) => {
            const value = this.newText(text)
            return value !== FAILED && this.exports.push(this.exports.pinned(pin), value) !== 0
        })
        this.exports.unpin(pin)
        return done ? array : FAILED
    }

    /* Values, for NativeCall */

    textOf(value: Value): string | undefined {
        const at = this.exports.string_of(value)
        return at === 0 ? undefined : this.text(at, this.exports.last_length())
    }

    /** A view into the machine's memory: copy it to keep it. */
    bytesOf(value: Value): Uint8Array | undefined {
        const at = this.exports.buffer_of(value)
        return at === 0 ? undefined : this.bytes(at, this.exports.last_length())
    }

    isWritable(value: Value): boolean {
        return this.exports.is_writable(value) !== 0
    }

    numberOf(value: Value): number | undefined {
        return this.exports.is_number(value) === 0 ? undefined : this.exports.number_of(value)
    }

    itemsOf(value: Value): Value[] | undefined {
        if (this.exports.is_array(value) === 0) return undefined
        const length = this.exports.array_length(value)
        return Array.from({ length }, (_, index) => this.exports.array_at(value, index))
    }

    isFunction(value: Value): boolean {
        return this.exports.is_function(value) !== 0
    }

    isObject(value: Value): boolean {
        return this.exports.is_object(value) !== 0
    }

    pin(value: Value): number {
        return this.exports.pin(value)
    }

    unpin(pin: number): void {
        this.exports.unpin(pin)
    }

    /** Runs what the program has as `ds._socketOnEvent`, if anything. False: there is no memory for it. */
    tellSocket(event: string, about: Uint8Array | string | undefined): boolean {
        const value = this.fromResult(about)
        return value !== FAILED && this.exports.tell_socket(this.putText(event), this.scratchLength, value) !== 0
    }

    /** Runs a pinned function in a fiber of its own, at the next step. */
    startPinned(pin: number): void {
        if (this.panic !== undefined) return
        this.exports.start(this.exports.pinned(pin))
        this.options.wake()
    }
}

/** The arguments of one call, checked: errors name the argument. */
export class NativeCall {
    constructor(
        readonly machine: Machine,
        private native: Native,
        readonly receiver: Value,
        readonly args: Value[],
    ) {}

    private wrongType(name: string, wanted: string): NativeError {
        return new NativeError("TypeError", `${this.native.name}: ${name} must be ${wanted}`)
    }

    rangeError(name: string, wanted: string): NativeError {
        return new NativeError("RangeError", `${this.native.name}: ${name} must be ${wanted}`)
    }

    /** An integer in [least, most]. */
    integer(index: number, name: string, least: number, most: number): number {
        const number = this.machine.numberOf(this.args[index])
        if (number === undefined) throw this.wrongType(name, "a number")
        if (!Number.isInteger(number) || number < least || number > most)
            throw this.rangeError(name, `${least} to ${most}`)
        return number
    }

    /** undefined where the program passed that. */
    optionalNumber(index: number, name: string): number | undefined {
        if (this.args[index] === UNDEFINED) return undefined
        const number = this.machine.numberOf(this.args[index])
        if (number === undefined) throw this.wrongType(name, "a number")
        return number
    }

    text(index: number, name: string): string {
        const text = this.machine.textOf(this.args[index])
        if (text === undefined) throw this.wrongType(name, "a string")
        return text
    }

    /** A view into the machine's memory: copy it to keep it. */
    buffer(index: number, name: string): Uint8Array {
        const bytes = this.machine.bytesOf(this.args[index])
        if (bytes === undefined) throw this.wrongType(name, "a Buffer")
        return bytes
    }

    /** The bytes of a string or Buffer; copy them to keep them. */
    textOrBuffer(index: number, name: string): Uint8Array {
        const text = this.machine.textOf(this.args[index])
        const bytes = text === undefined ? this.machine.bytesOf(this.args[index]) : encoder.encode(text)
        if (bytes === undefined) throw this.wrongType(name, "a Buffer or string")
        return bytes
    }

    /** A Buffer of exactly this many bytes. */
    sized(index: number, name: string, length: number): Uint8Array {
        const bytes = this.buffer(index, name)
        if (bytes.length !== length) throw this.rangeError(name, `${length} bytes`)
        return bytes
    }

    /** A Buffer that is not a literal. */
    target(index: number, name: string): Uint8Array {
        const bytes = this.buffer(index, name)
        if (!this.machine.isWritable(this.args[index])) throw this.wrongType(name, "a writable Buffer")
        return bytes
    }

    /** Views of the Buffers in an array. */
    buffers(index: number, name: string): Uint8Array[] {
        const items = this.machine.itemsOf(this.args[index])
        if (items === undefined) throw this.wrongType(name, "an array")
        return items.map((item) => {
            const bytes = this.machine.bytesOf(item)
            if (bytes === undefined) throw this.wrongType(name, "an array of Buffers")
            return bytes
        })
    }

    /** A word that names the object until a collection finds it out of reach. */
    object(index: number, name: string): Value {
        if (!this.machine.isObject(this.args[index])) throw this.wrongType(name, "an object")
        return this.args[index]
    }

    /** A function of the program, kept alive; run it with machine.startPinned. */
    callback(index: number, name: string): number {
        if (!this.machine.isFunction(this.args[index])) throw this.wrongType(name, "a function of the program")
        return this.machine.pin(this.args[index])
    }
}
