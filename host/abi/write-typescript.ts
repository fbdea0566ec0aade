/* The description as TypeScript: for the host, for programs, and for the protocol engine. */
import { type Description, generatedBy, type Native, nativesOf, type Numbered } from "./description.js"

const WIDTH = 116

/** Lines of a comment's text, broken at spaces. */
function wrapped(text: string, width: number): string[] {
    const lines = [""]
    for (const word of text.split(" ")) {
        const line = lines[lines.length - 1]
        if (line !== "" && line.length + 1 + word.length > width) lines.push(word)
        else lines[lines.length - 1] = line === "" ? word : `${line} ${word}`
    }
    return lines
}

function docComment(text: string, indent = ""): string[] {
    if (text === "") return []
    if (indent.length + text.length + 7 <= WIDTH + 4) return [`${indent}/** ${text} */`]
    const lines = wrapped(text, WIDTH - indent.length)
    return [`${indent}/**`, ...lines.map((line) => `${indent} * ${line}`), `${indent} */`]
}

const constants = (entries: Record<string, Numbered>): string[] =>
    Object.entries(entries).flatMap(([name, { value, about = "" }]) => [
        ...docComment(about === "" ? "" : `${about[0].toUpperCase()}${about.slice(1)}.`),
        `export const ${name} = ${value}`,
    ])

const members = (entries: Record<string, Numbered>): string[] =>
    Object.entries(entries).map(([name, { value }]) => `    ${name}: ${value},`)

const texts = (names: string[]): string => names.map((name) => JSON.stringify(name)).join(", ")

const record = (name: string, entries: Record<string, Numbered>): string[] => [
    `export const ${name} = {`,
    ...members(entries),
    "} as const",
    "",
]

function nativeRow({ name, arguments: all, suspends }: Native): string {
    return `    ${name}: { arguments: ${Object.keys(all).length}, suspends: ${suspends === true} },`
}

/** Everything, for host code. */
export function hostModule(of: Description): string {
    const rows = of.operations.map(({ name, opcode, kind, operands, immediate }) => {
        const facts = `name: "${name}", kind: "${kind}", operands: ${operands}, immediate: "${immediate}"`
        return `    ${opcode}: { ${facts} },`
    })
    return [
        `/* ${generatedBy("The ABI of machine and natives.")} */`,
        "",
        ...constants(of.constants),
        "",
        "/** Opcodes by name. */",
        "export const Op = {",
        ...of.operations.map(({ name, opcode }) => `    ${name}: ${opcode},`),
        "}",
        "",
        "/** Operations by opcode. */",
        "export const operations = {",
        ...rows,
        "} as const",
        "",
        "/** Builtin objects by number. */",
        `export const builtinObjects = [${texts(of.builtinObjects)}] as const`,
        "",
        "/** Builtin strings by number. */",
        `export const builtinStrings = [${texts(of.builtinStrings)}] as const`,
        "",
        "/** Builtin functions in which the calling fiber may sleep. */",
        `export const suspendingBuiltins = [${texts(of.suspendingBuiltins)}] as const`,
        "",
        "/** Tags of immediate value words (firmware/vm/value.h). */",
        `export const Tag = { ${of.tags.map((name, i) => `${name}: ${i}`).join(", ")} } as const`,
        "",
        "/** Value words that never change. */",
        ...record("Word", of.words),
        "/** Classes of exceptions that a native may throw, by number. */",
        `export const errorKinds = [${texts(of.errorKinds)}] as const`,
        "",
        "/** Why a machine stopped. */",
        ...record("Panic", of.panics),
        "/** What natives answer with, as minus the code: IOErrorEnum, but for FAILED. */",
        ...record("IoError", of.ioErrors),
        "/** Natives that the host supplies to programs, `ds.NAME`: how many arguments, and whether the fiber may sleep. */",
        "export const natives = {",
        ...nativesOf(of).map(nativeRow),
        "} as const",
        "",
        "/** Natives of Buffer and of its prototype. */",
        "export const bufferNatives = {",
        ...of.bufferNatives.map(nativeRow),
        "} as const",
        "",
    ].join("\n")
}

function declaration({ name, arguments: all, result, suspends, about = "" }: Native): string[] {
    const given = Object.entries(all).map(([argument, type]) => `${argument}: ${type}`)
    const text = [about, ...(suspends ? ["Suspends."] : [])].filter((part) => part !== "").join(" ")
    return [...docComment(text, "    "), `    function ${name}(${given.join(", ")}): ${result}`]
}

/** What programs see of the natives. */
export function nativesModule(of: Description): string {
    const body = of.natives.flatMap((entry) => {
        if ("name" in entry) return entry.declaredBy === undefined ? declaration(entry) : []
        return ["", ...wrapped(entry.section, WIDTH - 3).map((line) => `    // ${line}`), ""]
    })
    return [
        "/*",
        ` * ${generatedBy("The native functions of the Mote runtime (Seam 4), as the machine and every port supply them.")}`,
        " * The unmodified compiler emits a call by name: `ds._mote...`.",
        " *",
        " * Rules for all of them: a wrong type throws TypeError, a wrong size or range throws RangeError, both naming the",
        " * argument; nothing crashes the machine. Handles are small positive integers; using a closed one is a RangeError.",
        ' * "Suspends" means: the calling fiber sleeps until the host resumes it with the result; all others return at once.',
        " */",
        'import "@devicescript/core"',
        "",
        "/** What natives answer with, as minus it, where IOErrorEnum has FAILED, which is 0. */",
        `export const IO_FAILED = ${of.ioErrors["FAILED"].value}`,
        "",
        'declare module "@devicescript/core" {',
        ...body.slice(body[0] === "" ? 1 : 0),
        "}",
        "",
    ].join("\n")
}

/** The numbers of algorithms, which the engine and the natives share. */
export function algorithmsModule({ hashes, aeads }: Description): string {
    const rows = (entries: Record<string, Numbered>): string[] =>
        Object.entries(entries).map(([name, { value }]) => `    ${name} = ${value},`)
    return [
        `/* ${generatedBy("Numbers of hashes and AEADs, which engine and natives share.")} */`,
        "",
        "/** TLS HashAlgorithm registry (RFC 5246 §7.4.1.4.1). */",
        "export enum HashAlgorithm {",
        ...rows(hashes),
        "}",
        "",
        "/** The AEADs that suites name. `Ccm8` has an 8-byte tag (RFC 6655 §4), all others 16 bytes; nonces are 12 bytes. */",
        "export enum AeadAlgorithm {",
        ...rows(aeads),
        "}",
        "",
    ].join("\n")
}
