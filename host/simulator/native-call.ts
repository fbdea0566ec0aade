import { type errorKinds, Word } from "../abi/abi.js"
import { type Machine } from "./machine.js"
import { type MachineValues, type Value } from "./machine-values.js"

const encoder = new TextEncoder()

/** The result of a native; a promise suspends the calling fiber until it is settled. */
export type Result = undefined | null | boolean | number | string | Uint8Array | string[]

/** Class of an exception thrown by a native. */
export type ErrorKind = (typeof errorKinds)[number]

/** Thrown by a native; becomes an exception in the program. */
export class NativeError extends Error {
    constructor(
        readonly kind: ErrorKind,
        message: string,
    ) {
        super(message)
    }
}

/** A native function: `ds.NAME`, or a method of Buffer. */
export interface Native {
    name: string
    /** missing arguments up to this number are undefined */
    numArgs: number
    run(call: NativeCall): Result | Promise<Result>
    /** Called in each garbage collection. @param isAlive whether an object of the program is still reachable */
    collected?(isAlive: (object: Value) => boolean): void
    /** Called when the program has ended and another may be loaded. */
    ended?(): void
}

/** Checks the arguments of one call; errors name the argument. */
export class NativeCall {
    readonly values: MachineValues

    constructor(
        readonly machine: Machine,
        private native: Native,
        readonly receiver: Value,
        readonly args: Value[],
    ) {
        this.values = machine.values
    }

    private wrongType(name: string, wanted: string): NativeError {
        return new NativeError("TypeError", `${this.native.name}: ${name} must be ${wanted}`)
    }

    rangeError(name: string, wanted: string): NativeError {
        return new NativeError("RangeError", `${this.native.name}: ${name} must be ${wanted}`)
    }

    /** An integer in [least, most]. */
    integer(index: number, name: string, least: number, most: number): number {
        const number = this.values.numberOf(this.args[index])
        if (number === undefined) throw this.wrongType(name, "a number")
        if (!Number.isInteger(number) || number < least || number > most)
            throw this.rangeError(name, `${least} to ${most}`)
        return number
    }

    /** undefined if the program passed undefined. */
    optionalNumber(index: number, name: string): number | undefined {
        if (this.args[index] === Word.UNDEFINED) return undefined
        const number = this.values.numberOf(this.args[index])
        if (number === undefined) throw this.wrongType(name, "a number")
        return number
    }

    text(index: number, name: string): string {
        const text = this.values.textOf(this.args[index])
        if (text === undefined) throw this.wrongType(name, "a string")
        return text
    }

    /** A view into the machine's memory: copy it to keep it. */
    buffer(index: number, name: string): Uint8Array {
        const bytes = this.values.bytesOf(this.args[index])
        if (bytes === undefined) throw this.wrongType(name, "a Buffer")
        return bytes
    }

    /** The bytes of a string or Buffer; copy them to keep them. */
    textOrBuffer(index: number, name: string): Uint8Array {
        const text = this.values.textOf(this.args[index])
        const bytes = text === undefined ? this.values.bytesOf(this.args[index]) : encoder.encode(text)
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
        if (!this.values.isWritable(this.args[index])) throw this.wrongType(name, "a writable Buffer")
        return bytes
    }

    /** Views of the Buffers in an array. */
    buffers(index: number, name: string): Uint8Array[] {
        const items = this.values.itemsOf(this.args[index])
        if (items === undefined) throw this.wrongType(name, "an array")
        return items.map((item) => {
            const bytes = this.values.bytesOf(item)
            if (bytes === undefined) throw this.wrongType(name, "an array of Buffers")
            return bytes
        })
    }

    /** A reference to an object, valid until a collection finds the object unreachable. */
    object(index: number, name: string): Value {
        if (!this.values.isObject(this.args[index])) throw this.wrongType(name, "an object")
        return this.args[index]
    }

    /** Keeps a function of the program alive; run it with machine.startPinned. */
    callback(index: number, name: string): number {
        if (!this.values.isFunction(this.args[index])) throw this.wrongType(name, "a function of the program")
        return this.values.pin(this.args[index])
    }
}
