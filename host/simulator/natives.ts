/* The natives of firmware/abi/abi.json as the simulator has them: by name, so that none is missing and none unknown. */
import { bufferNatives, natives } from "../abi/abi.js"
import { type Native, type NativeCall, type Result } from "./native-call.js"

interface Entry {
    arguments: number
    suspends: boolean
}

/** One that does not suspend answers at once. */
type Run<Of extends Entry> = (call: NativeCall) => Of["suspends"] extends true ? Result | Promise<Result> : Result

/** A native's function, or that with what it does in a collection and at the end of a program. */
type Implementation<Of extends Entry> = Run<Of> | ({ run: Run<Of> } & Pick<Native, "collected" | "ended">)

type Implementations<Of extends Record<string, Entry>> = { [Name in keyof Of]: Implementation<Of[Name]> }

/** Every native of the host. */
export type HostNatives = Implementations<typeof natives>

/** Those whose names begin so. */
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
