/*
 * The official compiler and WebAssembly machine, extracted from the installed @devicescript/cli and run inside this
 * process: its command line would start anew for every program, while the compiler is several times as fast once it is
 * warm.
 */
import { readFileSync } from "node:fs"
import { createRequire, Module } from "node:module"
import { dirname, join } from "node:path"
import { stripVTControlCharacters } from "node:util"
import { setFlagsFromString } from "node:v8"
import { UsageError } from "../credentials.js"
import { folderWith, root } from "../folders.js"
import type { TypeSidecar } from "../image/type-sidecar.js"
import { compilerSource, SharedFiles } from "./compiler-bundle.js"

/** A message of TypeScript's checker or of the compiler, opaque to other code. */
type Diagnostic = object

interface CompilerHost {
    write(name: string, contents: unknown): void
    /** throws if there is no such file */
    read(name: string): string
    resolvePath(path: string): string
    log(message: string): void
    error(diagnostic: Diagnostic): void
    getConfig(): unknown
    verifyBytecode(): void
    getFlags(): Record<string, boolean>
}

interface Compiler {
    resolveBuildConfig(local: { hwInfo: object }): unknown
    preludeFiles(config: unknown): Record<string, string>
    compileWithHost(main: string, host: CompilerHost): { success: boolean; binary?: Uint8Array }
    /** with the lines concerned, and colours unless plain */
    formatDiagnostics(diagnostics: Diagnostic[], plain: boolean): string
}

/** The parts of the machine's interface that are used here. */
export interface OfficialInstance {
    dmesg(line: string): void
    log(...data: unknown[]): void
    error(...data: unknown[]): void
    sendPacket(): void
    panicHandler(code: number): void
    flashLoad: null
    flashSave: null
    devsGcStress(on: boolean): void
    devsSetDeviceId(id: string): void
    devsStart(): void
    devsStop(): void
    devsDeploy(image: Uint8Array): number
    _jd_em_process(): number
}

interface Parts {
    compiler: Compiler
    newInstance(): Promise<OfficialInstance>
}

interface Bundle extends Module {
    _compile(code: string, path: string): void
}

/** The compiler version that Mote supports: the optimizer and the machine know its images. */
export const COMPILER_VERSION = "2.16.4"

/** The folder of @devicescript/cli, a development dependency of the project or of Mote's repository. */
export function compilerFolder(): string {
    const inside = join("node_modules", "@devicescript", "cli")
    const place = folderWith(process.cwd(), inside) ?? folderWith(root, inside)
    if (place !== undefined) return join(place, inside)
    throw new UsageError(
        `programs are compiled by @devicescript/cli: npm install --save-dev --save-exact @devicescript/cli@${COMPILER_VERSION}`,
    )
}

let loaded: Parts | undefined
const shared = new SharedFiles()

/**
 * Delays optimization fourfold: V8 11, in Node 20, optimizes so early that this took a quarter of the few seconds that
 * compiler and optimizer run. Later versions wait longer by default.
 */
function waitWithOptimizing(): void {
    if (process.versions.v8.startsWith("11.")) setFlagsFromString("--interrupt-budget=270000")
}

function parts(): Parts {
    if (loaded !== undefined) return loaded
    waitWithOptimizing()
    const path = join(compilerFolder(), "built", "devicescript-cli.cjs")
    const bundle = new Module(path) as Bundle
    Object.assign(bundle, { filename: path, paths: createRequire(path).resolve.paths(dirname(path)) ?? [] })
    bundle.exports = { shared }
    bundle._compile(compilerSource(readFileSync(path)), path)
    type Revealed = { parts: [() => () => Promise<OfficialInstance>, () => Compiler] }
    const [machine, compiler] = (bundle.exports as Revealed).parts
    loaded = { compiler: compiler(), newInstance: machine() }
    return loaded
}

export const officialInstance = (): Promise<OfficialInstance> => parts().newInstance()

/** Sources of the compiler's own packages, by path below the program's folder. */
export function compilerPackages(): Record<string, string> {
    const { compiler } = parts()
    return compiler.preludeFiles(compiler.resolveBuildConfig({ hwInfo: {} }))
}

/** The compiler's messages about a program that it refuses. */
export class CompilationError extends Error {}

/** An image, and the compiler's debug file as JSON. */
export interface CompiledProgram {
    image: Uint8Array
    debug: string
    /** undefined when the types of the program say nothing */
    types: TypeSidecar | undefined
}

/**
 * Compiles a program without the compiler's verifier, which refuses code of more than 64 KB. That is the official
 * machine's limit, not ours; each machine verifies the images that it loads. Throws CompilationError.
 * @param entry path of the main file
 * @param files contents by path; paths have no common root
 * @param flags for the compiler
 */
export function compileFiles(entry: string, files: Map<string, string>, flags: string[] = []): CompiledProgram {
    const { compiler } = parts()
    const config = compiler.resolveBuildConfig({ hwInfo: {} })
    const packages = compiler.preludeFiles(config)
    const errors: string[] = []
    let debug = ""
    shared.forgetNotes()
    const { success, binary } = compiler.compileWithHost(entry, {
        write: (name, contents) => {
            if (name === "bytecode-dbg.json" && typeof contents === "string") debug = contents
        },
        read: (name) => {
            const content = files.get(name) ?? packages[name]
            if (content === undefined) throw new Error(`no file ${name}`)
            return content
        },
        resolvePath: (path) => path,
        log: () => undefined,
        error: (diagnostic) => errors.push(stripVTControlCharacters(compiler.formatDiagnostics([diagnostic], false))),
        getConfig: () => config,
        verifyBytecode: () => undefined,
        getFlags: () => Object.fromEntries(flags.map((flag) => [flag, true])),
    })
    if (!success || binary === undefined) throw new CompilationError(errors.join("\n"))
    return { image: binary, debug, types: shared.takeTypes() }
}

/** Compiles one DeviceScript file. */
export const compileWithDebug = (source: string): CompiledProgram =>
    compileFiles("main.ts", new Map([["main.ts", source]]))

/** Compiles one DeviceScript file and returns only the image. */
export const compileProgram = (source: string): Uint8Array => compileWithDebug(source).image
