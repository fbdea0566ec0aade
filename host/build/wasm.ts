import { createHash } from "node:crypto"
import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs"
import { basename, join } from "node:path"
import { cacheFolder, prebuilt, root } from "../folders.js"
import { translationFiles } from "../translate/files.js"
import type { Choice } from "../translate/translate.js"
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

/** What a machine is made of, by folder. */
interface Parts {
    flags: string[]
    vm: Sources
    port: Sources
    /** functions of programs, and what they call */
    translated: Sources
}

const partsOf = (kind: MachineKind): Parts => ({
    flags: flagsOf(kind),
    vm: sources("vm"),
    port: sources("port/wasm"),
    translated: {},
})

function hashOf({ flags, vm, port, translated }: Parts): string {
    const hash = createHash("sha256").update([...flags, ...LINK].join(" "))
    for (const part of [vm, port, translated])
        for (const [name, bytes] of Object.entries(part)) hash.update(name).update(bytes)
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

async function compile({ flags, vm, port, translated }: Parts): Promise<Uint8Array> {
    const unit = (names: string[]): string => names.map((name) => `#include "${name}"\n`).join("")
    const cFiles = (of: Sources): string[] => Object.keys(of).filter((name) => name.endsWith(".c"))
    const tree = { vm, port, translated, "all.c": unit(cFiles(vm)) }
    // One translation unit: the compiler then inlines across files. What is translated is large, and a unit each.
    const units = ["all.c", "port/port.c", ...cFiles(translated).map((name) => `translated/${name}`)]
    const objects: Tree = {}
    for (const [i, name] of units.entries())
        objects[`${i}.o`] = (await llvm(["clang", ...flags, "-o", "o", name], tree))["o"]
    const linked = await llvm(["wasm-ld", ...LINK, ...Object.keys(objects), "-lc", "-o", "machine.wasm"], objects)
    return linked["machine.wasm"] as Uint8Array
}

async function compiledPath(parts: Parts): Promise<string> {
    const path = join(cache, `${hashOf(parts)}.wasm`)
    if (!existsSync(path))
        await exclusivelyAsync(path, async () => {
            if (!existsSync(path)) await compileTo(path, parts)
        })
    return path
}

async function compileTo(path: string, parts: Parts): Promise<void> {
    process.stderr.write("mote: compiling the simulator (firmware/vm to WebAssembly), once (about half a minute)\n")
    const fresh = `${path}.${process.pid}`
    writeFileSync(fresh, await compile(parts))
    renameSync(fresh, path)
}

/** Path of the machine compiled from the sources; compiled (some seconds) only when one has changed. */
export const compiledMachine = (kind: MachineKind = "plain"): Promise<string> => compiledPath(partsOf(kind))

/**
 * A machine that has functions of some images as C, as the firmware of a device does.
 * @param choose the functions of each image that become C
 */
export async function translatedMachine(images: Buffer[], choose: Choice): Promise<WebAssembly.Module> {
    const parts = partsOf("plain")
    const files = translationFiles(images, choose).map((path): [string, Uint8Array] => [
        basename(path),
        readFileSync(path),
    ])
    const path = await compiledPath({
        ...parts,
        flags: [...parts.flags, "-DMOTE_TRANSLATED", "-Itranslated"],
        translated: { ...sources("translated"), ...Object.fromEntries(files) },
    })
    return new WebAssembly.Module(readFileSync(path))
}

/** The machine of firmware/vm as a WebAssembly module: the one that the package brings, else the compiled one. */
export async function machineModule(kind: MachineKind = "plain"): Promise<WebAssembly.Module> {
    const shipped = join(prebuilt, machineFile(kind))
    const path = existsSync(shipped) ? shipped : await compiledMachine(kind)
    return new WebAssembly.Module(readFileSync(path))
}
