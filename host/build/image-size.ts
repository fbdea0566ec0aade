import { readFileSync } from "node:fs"
import type { DebugFile } from "../image/ir/debug.js"
import { operation, Op } from "../image/ir/operations.js"
import { walk } from "../image/ir/program.js"
import { HEADER, readImage, Section, SECTIONS } from "../image/ir/read.js"
import { encodedSize } from "../image/ir/write.js"
import type { DeviceImage } from "./device.js"

/* Breaks down an image's bytes by source file, and by kind. */

export type Sizes = Map<string, number>

function count(sizes: Sizes, name: string, bytes: number): void {
    if (bytes > 0) sizes.set(name, (sizes.get(name) ?? 0) + bytes)
}

const SHARED = "(names, literals, tables)"

/**
 * Code and function headers by source file; inlined code counts for the file in which it was written. Names and
 * literals are shared by all files.
 */
export function sizeByFile(image: DeviceImage): Sizes {
    const debug = JSON.parse(readFileSync(image.debugPath, "utf8")) as DebugFile
    const sizes: Sizes = new Map()
    const codeEnd = Math.max(...debug.functions.map(({ startpc, size }) => startpc + size - FUNCTION_HEADER))
    const setup = debug.functions.find(({ name }) => name === "prototype")
    const fileOf = (code: number, position: number): string => {
        const isSetup = setup !== undefined && code >= setup.startpc && code < setup.startpc + setup.size
        return isSetup ? "(methods put on their prototypes)" : sourceAt(debug, position)
    }
    for (const { startpc, location } of debug.functions) count(sizes, fileOf(startpc, location[0]), FUNCTION_HEADER)
    const marks = marksOf(debug.srcmap)
    marks.forEach(({ code, position }, i) =>
        count(sizes, fileOf(code, position), (marks.at(i + 1)?.code ?? codeEnd) - code),
    )
    const attributed = [...sizes.values()].reduce((sum, size) => sum + size, 0)
    return sizes.set(SHARED, image.bytes - attributed)
}

const FUNCTION_HEADER = 16

/** The compiler's source map as code positions, each with the source position that begins there. */
function marksOf(srcmap: number[]): { code: number; position: number }[] {
    let [code, position] = [0, 0]
    return Array.from({ length: Math.floor(srcmap.length / 3) }, (_, i) => {
        position += srcmap[3 * i]
        code += srcmap[3 * i + 2]
        return { code, position }
    })
}

/** Source positions count through all files, concatenated. */
function sourceAt(debug: DebugFile, position: number): string {
    let start = 0
    for (const { path, length } of debug.sources) {
        if (position < start + length) return path
        start += length
    }
    return "?"
}

const SECTION_NAMES: Record<number, string> = {
    [Section.functions]: "function headers",
    [Section.floats]: "numbers that are no int32",
    [Section.ascii]: "string tables",
    [Section.utf8]: "string tables",
    [Section.stringData]: "string data",
    [Section.buffers]: "buffer table",
}

/** Categories for an operation's bytes, by what its immediate refers to. */
const OPERAND_NAMES: Partial<Record<string, string>> = {
    local: "code: variables",
    slot: "code: variables of closures",
    global: "code: globals",
    ascii: "code: names of the program",
    utf8: "code: names of the program",
    builtinString: "code: names of the machine",
    function: "code: functions",
    jump: "code: jumps and handlers",
    int: "code: integers",
}

/** Bytes of sections, with code broken down by what its operations refer to. */
export function sizeByKind(image: DeviceImage): Sizes {
    const bytes = readFileSync(image.path)
    const sizes: Sizes = new Map([["header and section table", HEADER + 8 * SECTIONS]])
    for (const [section, name] of Object.entries(SECTION_NAMES))
        count(sizes, name, bytes.readUInt32LE(HEADER + 8 * Number(section) + 4))
    for (const { body } of readImage(bytes).functions)
        for (const each of body) walk(each, (found) => count(sizes, kindOf(found.opcode), encodedSize(found)))
    const attributed = [...sizes.values()].reduce((sum, size) => sum + size, 0)
    return sizes.set("alignment, longer jumps", image.bytes - attributed)
}

function kindOf(opcode: number): string {
    if (opcode >= Op.call0 && opcode <= Op.call8) return "code: calls"
    return OPERAND_NAMES[operation(opcode)?.immediate ?? ""] ?? "code: other operations"
}
