import { createHash } from "node:crypto"
import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { cacheFolder, prebuilt, root } from "../folders.js"
import { exclusivelyAsync } from "./make-once.js"

/** Where compiled machines are kept, by the hash of what they were made of; ignored by git. */
const cache = cacheFolder("wasm")
/** The machine as it is, or one that counts what each function of a program does (mote profile). */
export const MACHINE_KINDS = ["plain", "profiling"] as const
export type MachineKind = (typeof MACHINE_KINDS)[number]

/** What the package calls its machines, which it has ready. */
export const machineFile = (kind: MachineKind): string => (kind === "plain" ? "machine.wasm" : "machine-profiling.wasm")

/** Contents by name. */
type Sources = Record<string, Uint8Array>
type Tree = { [name: string]: Tree | string | Uint8Array }

const TARGET = ["--target=wasm32-wasip1", "-std=c11", "-O2", "-Ivm", "-c"]
const flagsOf = (kind: MachineKind): string[] => (kind === "plain" ? TARGET : [...TARGET, "-DMOTE_PROFILE"])
const LINK = ["-m", "wasm32", "--no-entry", "--strip-all", "-z", "stack-size=65536", "-L/usr/lib/wasm32-wasip1"]

function sources(folder: string): Sources {
    const path = join(root, "firmware", folder)
    const names = readdirSync(path).filter((name) => /\.[ch]$/.test(name))
    return Object.fromEntries(names.sort().map((name) => [name, readFileSync(join(path, name))]))
}

function hashOf(flags: string[], machine: Sources, port: Sources): string {
    const hash = createHash("sha256").update([...flags, ...LINK].join(" "))
    for (const [name, bytes] of [...Object.entries(machine), ...Object.entries(port)]) hash.update(name).update(bytes)
    return hash.digest("hex").slice(0, 16)
}

/** The LLVM of a development dependency, itself WebAssembly. Throws with the compiler's messages. */
async function llvm(args: string[], files: Tree): Promise<Tree> {
    const { runLLVM } = await import("@yowasp/clang").catch(() => {
        throw new Error("The machine has to be compiled, and @yowasp/clang is not installed: run npm ci in the project")
    })
    let messages = ""
    const keep = (bytes: Uint8Array | null): void =>
        void (messages += bytes === null ? "" : Buffer.from(bytes).toString())
    try {
        return (await runLLVM(args, files, { stdout: keep, stderr: keep, fetchProgress: () => {} })) ?? {}
    } catch (error) {
        throw new Error(`${args[0]} failed:\n${messages}`, { cause: error })
    }
}

async function compile(flags: string[], machine: Sources, port: Sources): Promise<Uint8Array> {
    // One translation unit: the compiler then inlines across files.
    const units = Object.keys(machine).filter((name) => name.endsWith(".c"))
    const all = units.map((name) => `#include "${name}"\n`).join("")
    const objects: Tree = {}
    const tree = { vm: machine, port, "all.c": all }
    objects["all.o"] = (await llvm(["clang", ...flags, "-o", "o", "all.c"], tree))["o"]
    objects["port.o"] = (await llvm(["clang", ...flags, "-o", "o", "port/port.c"], tree))["o"]
    const linked = await llvm(["wasm-ld", ...LINK, "all.o", "port.o", "-lc", "-o", "machine.wasm"], objects)
    return linked["machine.wasm"] as Uint8Array
}

/** Path of the machine compiled from the sources; compiled (some seconds) only when one has changed. */
export async function compiledMachine(kind: MachineKind = "plain"): Promise<string> {
    const flags = flagsOf(kind)
    const machine = sources("vm")
    const port = sources("port/wasm")
    const path = join(cache, `${hashOf(flags, machine, port)}.wasm`)
    if (!existsSync(path))
        await exclusivelyAsync(path, async () => {
            if (!existsSync(path)) await compileTo(path, flags, machine, port)
        })
    return path
}

async function compileTo(path: string, flags: string[], machine: Sources, port: Sources): Promise<void> {
    process.stderr.write("mote: compiling the simulator (firmware/vm to WebAssembly), once (about half a minute)\n")
    const fresh = `${path}.${process.pid}`
    writeFileSync(fresh, await compile(flags, machine, port))
    renameSync(fresh, path)
}

/** The machine of firmware/vm as a WebAssembly module: the one that the package brings, else the compiled one. */
export async function machineModule(kind: MachineKind = "plain"): Promise<WebAssembly.Module> {
    const shipped = join(prebuilt, machineFile(kind))
    const path = existsSync(shipped) ? shipped : await compiledMachine(kind)
    return new WebAssembly.Module(readFileSync(path))
}
