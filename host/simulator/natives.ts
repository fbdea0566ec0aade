/*
 * The simulator's types for the natives of firmware/abi/abi.json: keyed by name, so that a missing or unknown one is a
 * type error.
 */
import { bufferNatives, natives } from "../abi/abi.js"
import { type Native, type NativeCall, type Result } from "./native-call.js"

interface Entry {
    arguments: number
    suspends: boolean
}

/** A native that does not suspend returns its result directly. */
type Run<Of extends Entry> = (call: NativeCall) => Of["suspends"] extends true ? Result | Promise<Result> : Result

/** A native's function, optionally with handlers for garbage collections and the end of a program. */
type Implementation<Of extends Entry> = Run<Of> | ({ run: Run<Of> } & Pick<Native, "collected" | "ended">)

type Implementations<Of extends Record<string, Entry>> = { [Name in keyof Of]: Implementation<Of[Name]> }

/** Every native of the host. */
export type HostNatives = Implementations<typeof natives>

/** The natives whose names begin with `Start`. */
export type NativesNamed<Start extends string> = Pick<HostNatives, Extract<keyof HostNatives, `${Start}${string}`>>

/** The natives of Buffer. */
export type BufferNatives = Implementations<typeof bufferNatives>

function list<Of extends Record<string, Entry>>(entries: Of, implementations: Implementations<Of>): Native[] {
    return Object.entries(entries).map(([name, { arguments: numArgs }]) => {
        const found = implementations[name]
        return { name, numArgs, ...(typeof found === "function" ? { run: found } : found) }
    })
}

export const hostNativeList = (implementations: HostNatives): Native[] => list(natives, implementations)

export const bufferNativeList = (implementations: BufferNatives): Native[] => list(bufferNatives, implementations)
