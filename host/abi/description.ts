/* firmware/abi/abi.json: its shape, and reading it. */
import { readFileSync } from "node:fs"
import { join } from "node:path"

/** A named number. */
export interface Numbered {
    value: number
    about?: string
    /** its name in C, where that is spelt otherwise */
    c?: string
}

export interface Operation {
    opcode: number
    name: string
    /** "expression", "statement" or "final" */
    kind: string
    /** values taken from the operand stack */
    operands: number
    /** what the number behind the opcode refers to, one of `immediates` */
    immediate: string
}

/** A native function that the host supplies: programs call it as `ds.NAME(...)`. */
export interface Native {
    name: string
    /** TypeScript types by name, in order, at most 8 */
    arguments: Record<string, string>
    /** TypeScript type */
    result: string
    /** the calling fiber may sleep until the host resumes it with the result; all others return at once */
    suspends?: true
    /** the package that declares it for programs; without one the description does */
    declaredBy?: string
    about?: string
}

/** A comment above the natives that follow. */
export interface Section {
    section: string
}

export interface Description {
    constants: Record<string, Numbered>
    words: Record<string, Numbered>
    tags: string[]
    errorKinds: string[]
    panics: Record<string, Numbered>
    ioErrors: Record<string, Numbered>
    hashes: Record<string, Numbered>
    aeads: Record<string, Numbered>
    operations: Operation[]
    immediates: string[]
    builtinObjects: string[]
    builtinStrings: string[]
    suspendingBuiltins: string[]
    bufferNatives: Native[]
    natives: (Native | Section)[]
}

/** The folder of the package. Not from host/build: the generator imports nothing that it writes. */
export const root = join(import.meta.dirname, "..", "..")

export const descriptionPath = "firmware/abi/abi.json"

export function readDescription(): Description {
    return JSON.parse(readFileSync(join(root, descriptionPath), "utf8")) as Description
}

export const nativesOf = ({ natives }: Description): Native[] => natives.filter((entry) => "name" in entry)

/** What every generated file begins with. */
export const generatedBy = (what: string): string => `${what} Written by \`npm run abi\` from ${descriptionPath}.`
