import { Word } from "../abi/abi.js"
import { type Result } from "./native-call.js"

/** A value word of the machine. Valid until the next call that may allocate; pin it to keep it. */
export type Value = number

/** The exports of firmware/port/wasm/port.c. */
export interface Exports {
    memory: WebAssembly.Memory
    allocate(bytes: number): number
    add_native(ofBuffer: number, index: number, name: number, numArgs: number): void
    set_device_id(id: number): void
    create(arenaBytes: number, maxDepth: number, guard: number, gcStress: number): number
    load(image: number, length: number): number
    /** only in a machine with translations */
    translate?(sha256: number): number
    /** only in the profiling machine */
    profile?(functions: number, imageBytes: number): number
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

const { UNDEFINED, NULL, FALSE, TRUE }: Record<string, Value> = Word

/** The result of a call that has thrown, or found no memory. */
export const FAILED: Value = Word.FAILED

/** Size of the scratch memory for texts passed into the machine, bytes. */
const SCRATCH = 4096

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** A machine's memory, and the program's values in it. */
export class MachineValues {
    /** address of the scratch memory for texts */
    readonly scratch: number
    /** length of the last text in it, bytes */
    scratchLength = 0

    constructor(private exports: Exports) {
        this.scratch = exports.allocate(SCRATCH)
    }

    /** A view, valid until memory grows. */
    bytes(at: number, length: number): Uint8Array {
        return new Uint8Array(this.exports.memory.buffer, at, length)
    }

    text(at: number, length: number): string {
        return decoder.decode(this.bytes(at, length))
    }

    /** Writes a text and a NUL to scratch memory; a text that does not fit is cut off. */
    putText(text: string): number {
        this.scratchLength = encoder.encodeInto(text, this.bytes(this.scratch, SCRATCH - 1)).written
        this.bytes(this.scratch, SCRATCH)[this.scratchLength] = 0
        return this.scratch
    }

    /** FAILED if there is no memory for it. */
    fromResult(result: Result): Value {
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
                if (result === null) return NULL
                return result instanceof Uint8Array ? this.newBuffer(result) : this.newTexts(result)
        }
    }

    private newText(text: string): Value {
        const value = this.exports.new_string(this.putText(text), this.scratchLength)
        // Wiped, because the text may have been a key.
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
}
