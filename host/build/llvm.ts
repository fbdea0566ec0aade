/* The LLVM of a development dependency, itself WebAssembly. */

/** Contents by name. */
export type Sources = Record<string, Uint8Array>
export type Tree = { [name: string]: Tree | string | Uint8Array }

/** What a machine is made of, by folder. */
export interface Parts {
    flags: string[]
    vm: Sources
    port: Sources
    /** functions of programs, and what they call */
    translated: Sources
}

/** Throws with the compiler's messages. */
export async function llvm(args: string[], files: Tree): Promise<Tree> {
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

/** Files whose functions seldom run. Without inlining in them the compiler takes a third less time. */
const COLD = "builtins device error json number object_natives pins serialize text unwind verify vm".split(" ")
const COLD_BEGIN = "#pragma clang attribute push(__attribute__((cold)), apply_to = function)\n"
const COLD_END = "#pragma clang attribute pop\n"

/** One translation unit of all files, so that the compiler inlines across those that are not cold. */
function oneUnit(names: string[]): string {
    const include = (some: string[]): string => some.map((name) => `#include "${name}"\n`).join("")
    const isCold = (name: string): boolean => COLD.includes(name.slice(0, -2))
    const hot = include(names.filter((name) => !isCold(name)))
    return `${hot}${COLD_BEGIN}${include(names.filter(isCold))}${COLD_END}`
}

/** @param link arguments of the linker */
export async function compileMachine({ flags, vm, port, translated }: Parts, link: string[]): Promise<Uint8Array> {
    const cFiles = (of: Sources): string[] => Object.keys(of).filter((name) => name.endsWith(".c"))
    const tree = { vm, port, translated, "all.c": oneUnit(cFiles(vm)) }
    // What is translated is large, and a unit each.
    const units = ["all.c", "port/port.c", ...cFiles(translated).map((name) => `translated/${name}`)]
    const objects: Tree = {}
    for (const [i, name] of units.entries())
        objects[`${i}.o`] = (await llvm(["clang", ...flags, "-o", "o", name], tree))["o"]
    const linked = await llvm(["wasm-ld", ...link, ...Object.keys(objects), "-lc", "-o", "machine.wasm"], objects)
    return linked["machine.wasm"] as Uint8Array
}
