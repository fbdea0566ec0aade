/*
 * The official compiler and WebAssembly machine, taken out of the installed @devicescript/cli and used inside this process:
 * its command line starts anew for every program, which is too slow to compare hundreds.
 */
import { readFileSync } from "node:fs"
import { createRequire, Module } from "node:module"
import { dirname, join } from "node:path"
import { compilerFolder } from "./device.js"

interface Diagnostic {
    messageText: unknown
}

interface CompilerHost {
    write(name: string, contents: unknown): void
    read(name: string): string
    resolvePath(path: string): string
    log(message: string): void
    error(diagnostic: Diagnostic): void
    getConfig(): unknown
    verifyBytecode(): void
    getFlags(): Record<string, boolean>
}

interface Compiler {
    resolveBuildConfig(): unknown
    preludeFiles(config: unknown): Record<string, string>
    compileWithHost(main: string, host: CompilerHost): { success: boolean; binary?: Uint8Array }
}

/** The parts of the machine's interface used here. */
interface OfficialInstance {
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

let loaded: Parts | undefined

function parts(): Parts {
    if (loaded !== undefined) return loaded
    const path = join(compilerFolder(), "built", "devicescript-cli.cjs")
    const bundle = new Module(path) as Bundle
    Object.assign(bundle, { filename: path, paths: createRequire(path).resolve.paths(dirname(path)) ?? [] })
    const reveal = "module.exports.parts = [require_devicescript_vm, require_devicescript_compiler_node]"
    bundle._compile(`${checkingProgramsOnly(readFileSync(path, "utf8"))}\n;${reveal}`, path)
    type Revealed = { parts: [() => () => Promise<OfficialInstance>, () => Compiler] }
    const [machine, compiler] = (bundle.exports as Revealed).parts
    loaded = { compiler: compiler(), newInstance: machine() }
    return loaded
}

/**
 * The compiler checks its own library anew with each program, which is most of its time and changes no image. Programs
 * are checked as ever.
 */
function checkingProgramsOnly(bundle: string): string {
    const changes = [
        ["// skipLibCheck: true,", "skipLibCheck: true,"],
        ["program2.getSemanticDiagnostics()", 'program2.getSemanticDiagnostics(program2.getSourceFile("main.ts"))'],
    ]
    return changes.reduce((text, [from, to]) => {
        if (!text.includes(from)) throw new Error(`the compiler no longer has ${from}`)
        return text.replace(from, to)
    }, bundle)
}

/** An image, and the compiler's debug file as JSON. */
export interface CompiledProgram {
    image: Uint8Array
    debug: string
}

/** Compiles one DeviceScript file. Throws with the compiler's messages. */
export function compileProgram(source: string): Uint8Array {
    return compileWithDebug(source).image
}

export function compileWithDebug(source: string): CompiledProgram {
    const { compiler } = parts()
    const config = compiler.resolveBuildConfig()
    const prelude = compiler.preludeFiles(config)
    const errors: string[] = []
    let debug = ""
    const read = (name: string): string => {
        if (name === "main.ts") return source
        if (prelude[name] === undefined) throw new Error(`no file ${name}`)
        return prelude[name]
    }
    const { success, binary } = compiler.compileWithHost("main.ts", {
        write: (name, contents) => {
            if (name === "bytecode-dbg.json" && typeof contents === "string") debug = contents
        },
        read,
        resolvePath: (path) => path,
        log: () => undefined,
        error: ({ messageText }) => errors.push(JSON.stringify(messageText)),
        getConfig: () => config,
        verifyBytecode: () => undefined,
        getFlags: () => ({}),
    })
    if (!success || binary === undefined) throw new Error(`does not compile:\n${errors.join("\n")}`)
    return { image: binary, debug }
}

export interface OfficialRun {
    /** console lines of the program, without level */
    lines: string[]
    /** 0: ds.restart() */
    panic: number
    /** what the machine itself said at the end: exception, message, places */
    ending: string[]
    /** ms spent inside the machine */
    busy: number
}

/** From here on the machine speaks of the end of the program. */
const ENDING = /^(\* RESTART requested|! Unhandled exception)/

/** Runs an image in the official machine until it ends. */
export async function runOfficial(
    image: Uint8Array,
    gcStress: boolean,
    timeout: number,
    print: (line: string) => void = () => undefined,
): Promise<OfficialRun> {
    const machine = await parts().newInstance()
    const lines: string[] = []
    const ending: string[] = []
    let started = false
    let ended = false
    let busy = 0
    const process_ = machine._jd_em_process.bind(machine)
    machine._jd_em_process = () => {
        const begin = performance.now()
        const next = process_()
        busy += performance.now() - begin
        // It would set its timer again; an exception is its only way out.
        if (ended) throw new Error("ended")
        return next
    }
    Object.assign(machine, { log: () => undefined, error: () => undefined, flashLoad: null, flashSave: null })
    machine.sendPacket = () => undefined
    const panic = await new Promise<number>((resolve, reject) => {
        const timer = setTimeout(() => {
            ended = true
            machine.devsStop()
            reject(new Error(`the official machine did not end within ${timeout} ms; so far:\n${lines.join("\n")}`))
        }, timeout)
        machine.dmesg = (line) => {
            if (!started) started = line.startsWith("* start: ")
            else if (ENDING.test(line)) machine.dmesg = (own) => ending.push(own)
            else if (/^[>*!?#] /.test(line)) {
                lines.push(line.slice(2))
                print(line.slice(2))
            }
        }
        machine.panicHandler = (code) => {
            clearTimeout(timer)
            ended = true
            machine.dmesg = () => undefined
            resolve(code)
        }
        machine.devsGcStress(gcStress)
        machine.devsSetDeviceId("12abdd2289421234")
        machine.devsStart()
        if (machine.devsDeploy(image) !== 0) reject(new Error("the official machine refuses the image"))
    })
    return { lines, ending, panic, busy }
}
