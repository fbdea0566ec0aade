import { builtinString, Op } from "./operations.js"
import type { Expression } from "./program.js"

/* Names as keys of sets and maps: the table that a name is in, and its index. */

/** What Buffer and its prototype have on Mote's machine beyond what every machine gives them. */
export const BUFFER_FUNCTIONS = ["copyBytesFrom"]
export const BUFFER_METHODS = ["readUIntBE", "writeUIntBE", "equalsAt"]

/** The keys of a table's names, made once: analyses ask for them at every operation. */
function keysOf(table: string): (value: number) => string {
    const keys: string[] = []
    return (value) => (keys[value] ??= `${table} ${value}`)
}

const ascii = keysOf("ascii")
const builtin = keysOf("builtin")
const utf8 = keysOf("utf8")

/** The key of a constant name or text; undefined for other expressions. */
export function nameKey({ opcode, value }: Expression): string | undefined {
    if (opcode === Op.staticAsciiString) return ascii(value)
    if (opcode === Op.staticBuiltinString) return builtin(value)
    return opcode === Op.staticUtf8String ? utf8(value) : undefined
}

/** The key of the name in the look-up of a field; undefined for other operations. */
export function fieldKey({ opcode, value }: Expression): string | undefined {
    if (opcode === Op.asciiField) return ascii(value)
    if (opcode === Op.builtinField) return builtin(value)
    return opcode === Op.utf8Field ? utf8(value) : undefined
}

/** The key of a name of the machine. */
export function builtinKey(text: Parameters<typeof builtinString>[0]): string {
    return `builtin ${builtinString(text)}`
}
