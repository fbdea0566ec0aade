import { createHash } from "node:crypto"
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { root } from "../../host/build/device.js"
import { compileWithDebug } from "../../host/build/compiler.js"
import type { DebugFile } from "../../host/image/ir/debug.js"
import type { TypeSidecar } from "../../host/image/type-sidecar.js"
import { type Machine, optimizeImage } from "../../host/image/optimize.js"

const NO_DEBUG: DebugFile = { functions: [], srcmap: [], sources: [] }

/** Images depend on the compiler, which takes almost half a second for a program. */
const compiler = readFileSync(join(root, "node_modules", "@devicescript", "cli", "package.json"))
/** What makes the sidecars. */
const sidecar = readdirSync(join(root, "host", "build", "sidecar"))
    .sort()
    .map((name) => readFileSync(join(root, "host", "build", "sidecar", name), "utf8"))
    .join()
const cache = join(root, ".cache", "programs")

interface Compiled {
    image: Buffer
    types: TypeSidecar | undefined
}

/** A compiled program; it is compiled once. */
function compiled(source: string): Compiled {
    const name = createHash("sha256").update(sidecar).update(compiler).update(source).digest("hex").slice(0, 16)
    const [path, typesPath] = [join(cache, `${name}.devs`), join(cache, `${name}.json`)]
    if (existsSync(path)) {
        const { types } = JSON.parse(readFileSync(typesPath, "utf8")) as Pick<Compiled, "types">
        return { image: readFileSync(path), types }
    }
    const { image, types } = compileWithDebug(source)
    mkdirSync(cache, { recursive: true })
    keep(typesPath, JSON.stringify({ types }))
    keep(path, image)
    return { image: Buffer.from(image), types }
}

/** Renamed last: another process may look for it meanwhile. */
function keep(path: string, content: string | Uint8Array): void {
    writeFileSync(`${path}.${process.pid}`, content)
    renameSync(`${path}.${process.pid}`, path)
}

export const programImage = (source: string): Buffer => compiled(source).image

/** What the optimizer is told of a program's types. */
export const programTypes = (source: string): TypeSidecar | undefined => compiled(source).types

/** @param types what the optimizer is told */
export function optimizedBy(source: string, types: TypeSidecar | undefined, machine: Machine = "every"): Buffer {
    return optimizeImage(programImage(source), NO_DEBUG, machine, types, true).image
}

export const optimizedImage = (source: string, machine: Machine = "every"): Buffer =>
    optimizedBy(source, programTypes(source), machine)

/** The same without the types. */
export const untypedImage = (source: string): Buffer => optimizedBy(source, undefined)

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
