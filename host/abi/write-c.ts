/* The description as headers of the machine and of the natives. */
import { type Description, generatedBy, type Native, nativesOf, type Numbered } from "./description.js"

const COLUMNS = 120

const upper = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()

const head = (guard: string, what: string, includes: string[] = []): string[] => [
    `/* ${generatedBy(what)} */`,
    `#ifndef ${guard}`,
    `#define ${guard}`,
    "",
    ...includes.map((name) => `#include ${name}`),
    ...(includes.length > 0 ? [""] : []),
]

/** `#define NAME(X)` and one row per line, as clang-format aligns its backslashes. */
function listMacro(comment: string, name: string, rows: string[]): string[] {
    const lines = [`#define ${name}(X)`, ...rows.map((row) => `    X(${row})`)]
    return [comment, ...lines.map((line, i) => (i === lines.length - 1 ? line : `${line.padEnd(COLUMNS - 1)}\\`)), ""]
}

/** One constant of an enum, as `NAME` or `NAME = 1`. */
interface Row {
    code: string
    about?: string
}

/** On one line where it fits, else one constant a line; remarks of lines that follow one another are aligned. */
function enumeration(name: string, rows: Row[]): string[] {
    const start = ["enum", ...(name === "" ? [] : [name]), "{"].join(" ")
    const short = `${start} ${rows.map(({ code }) => code).join(", ")} };`
    if (short.length <= COLUMNS && rows.every(({ about }) => about === undefined)) return [short, ""]
    const codes = rows.map(({ code }, i) => `    ${code}${i === rows.length - 1 ? "" : ","}`)
    const lines = rows.map(({ about }, i) => {
        if (about === undefined) return codes[i]
        let [first, last] = [i, i]
        while (rows[first - 1]?.about !== undefined) first--
        while (rows[last + 1]?.about !== undefined) last++
        const width = Math.max(...codes.slice(first, last + 1).map((code) => code.length))
        return `${codes[i].padEnd(width)} /* ${about} */`
    })
    return [start, ...lines, "};", ""]
}

const named = (prefix: string, names: string[]): Row[] => names.map((name) => ({ code: `${prefix}${upper(name)}` }))

const numbered = (prefix: string, entries: Record<string, Numbered>): Row[] =>
    Object.entries(entries).map(([name, { value, about, c = name }]) => ({ code: `${prefix}${c} = ${value}`, about }))

/** What embedders and natives need: part of mote_vm.h. */
export function publicHeader({ words, panics, errorKinds }: Description): string {
    const defines = Object.entries(words).flatMap(([name, { value, about }]) => [
        ...(about === undefined ? [] : [`/** ${about[0].toUpperCase()}${about.slice(1)}. */`]),
        `#define MOTE_${name} 0x${value.toString(16).padStart(2, "0")}u`,
    ])
    const kinds = errorKinds.map((name) => ({ code: `MOTE${upper(name)}` }))
    return [
        ...head("MOTE_ABI_H", "Value words, panic codes and kinds of errors, for embedders."),
        ...defines,
        "",
        "/** Why a machine stopped. Programs may panic with codes of their own, 1 to 59999. */",
        ...enumeration("mote_panic", [...numbered("MOTE_PANIC_", panics), { code: "MOTE_RUNNING = -1" }]),
        ...enumeration("mote_error", kinds),
        "#endif",
        "",
    ].join("\n")
}

/** Name of a builtin string in C, behind S_. */
const stringName = (text: string): string => (text === "" ? "EMPTY" : text.replace(/\W/g, "_"))

/** Operations, builtin objects and strings by the numbers that images use. */
export function bytecodeHeader(of: Description): string {
    const kinds: Record<string, string> = { expression: "EXPR", statement: "STMT", final: "FINAL" }
    const operations = of.operations.map(
        ({ opcode, name, kind, operands, immediate }) =>
            `${opcode}, ${upper(name)}, ${kinds[kind]}, ${operands}, IMM_${upper(immediate)}`,
    )
    const last = Math.max(...of.operations.map(({ opcode }) => opcode))
    return [
        ...head("MOTE_BYTECODE_H", "Numbers of the bytecode."),
        ...enumeration("tag", named("TAG_", of.tags)),
        ...enumeration("immediate_kind", named("IMM_", of.immediates)),
        ...listMacro("/* X(number, name, kind, operands, immediate) */", "MOTE_OPS", operations),
        ...enumeration("", [...numbered("", of.constants), { code: `OP_END = ${last + 1}` }]),
        ...listMacro("/* X(name), by number */", "MOTE_BUILTIN_OBJECTS", of.builtinObjects),
        ...listMacro(
            "/* X(name, text), by number */",
            "MOTE_BUILTIN_STRINGS",
            of.builtinStrings.map((text) => `${stringName(text)}, ${JSON.stringify(text)}`),
        ),
        "#endif",
        "",
    ].join("\n")
}

/** `_moteHashNew` is mote_native_hash_new, `_i2cTransaction` mote_native_i2c_transaction. */
export const functionName = ({ name }: Pick<Native, "name">): string =>
    `mote_native_${upper(name.replace(/^_(mote)?/, "").replace(/^./, (letter) => letter.toLowerCase())).toLowerCase()}`

/** The natives that every port has, and the numbers they answer with or take. */
export function nativesHeader(of: Description): string {
    const rows = nativesOf(of).map(
        (native) => `${native.name}, ${functionName(native)}, ${Object.keys(native.arguments).length}`,
    )
    return [
        ...head("MOTE_NATIVE_LIST_H", "Native functions and the numbers in their calls.", ['"mote_vm.h"']),
        "/** IOErrorEnum codes of GIO that natives and ports answer with, as minus the code. */",
        ...enumeration("", numbered("IO_", of.ioErrors)),
        "/** HashAlgorithm of src/dtls/crypto/algorithm-numbers.ts. */",
        ...enumeration("", numbered("HASH_", of.hashes)),
        "/** AeadAlgorithm there. */",
        ...enumeration("", numbered("AEAD_", of.aeads)),
        ...listMacro("/* X(name, function, arguments) */", "MOTE_NATIVES", rows),
        "/* Every native has its function, and every function its native: others have no prototype. */",
        `${"#define X(name, function, arguments)".padEnd(COLUMNS - 1)}\\`,
        "    mote_value function(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count);",
        "MOTE_NATIVES(X)",
        "#undef X",
        "",
        "#endif",
        "",
    ].join("\n")
}
