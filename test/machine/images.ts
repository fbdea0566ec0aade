import { createHash } from "node:crypto"
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { root } from "../../host/build/device.js"
import { compileProgram } from "../../host/build/compiler.js"
import type { DebugFile } from "../../host/image/ir/debug.js"
import { type Machine, optimizeImage } from "../../host/image/optimize.js"

const NO_DEBUG: DebugFile = { functions: [], srcmap: [], sources: [] }

/** Images depend on the compiler, which takes almost half a second for a program. */
const compiler = readFileSync(join(root, "node_modules", "@devicescript", "cli", "package.json"))
const cache = join(root, ".cache", "programs")

/** A compiled program; compiled only once. */
export function programImage(source: string): Buffer {
    const name = createHash("sha256").update(compiler).update(source).digest("hex").slice(0, 16)
    const path = join(cache, `${name}.devs`)
    if (existsSync(path)) return readFileSync(path)
    const image = compileProgram(source)
    mkdirSync(cache, { recursive: true })
    writeFileSync(`${path}.${process.pid}`, image)
    renameSync(`${path}.${process.pid}`, path)
    return Buffer.from(image)
}

export function optimizedImage(source: string, machine: Machine = "every"): Buffer {
    return optimizeImage(programImage(source), NO_DEBUG, machine, true).image
}

/** A program of a few lines, with the usual end. */
export function program(...lines: string[]): string {
    return ['import * as ds from "@devicescript/core"', ...lines, "ds.restart()"].join("\n")
}

/** A program with nearly all operations in one function without calls and loops. */
export const straight = (steps: number): string =>
    program(
        "function work(n: number): number {",
        ...Array<string>(steps).fill("    n = (n * 3 + 1) & 0xffff"),
        "    return n",
        "}",
        "console.log(work(1))",
    )

/** A program in a folder next to this file. */
export interface WrittenProgram {
    name: string
    source: string
}

function programsIn(folder: string): WrittenProgram[] {
    const path = join(root, "test", "machine", folder)
    const names = readdirSync(path).filter((name) => name.endsWith(".ts"))
    return names.map((name) => ({ name: name.slice(0, -3), source: readFileSync(join(path, name), "utf8") }))
}

/** The programs with recorded output of the official machine. */
export const conformancePrograms = (): WrittenProgram[] => programsIn("conformance")

/** The official machine's output. */
export const recordedOutput = (name: string): string =>
    readFileSync(join(root, "test", "machine", "conformance", `${name}.expected`), "utf8")

/** Programs whose output is compared between two machines. */
export const comparedPrograms = (): WrittenProgram[] => programsIn("programs")
