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

/** @param link arguments of the linker */
export async function compileMachine({ flags, vm, port, translated }: Parts, link: string[]): Promise<Uint8Array> {
    const unit = (names: string[]): string => names.map((name) => `#include "${name}"\n`).join("")
    const cFiles = (of: Sources): string[] => Object.keys(of).filter((name) => name.endsWith(".c"))
    const tree = { vm, port, translated, "all.c": unit(cFiles(vm)) }
    // One translation unit: the compiler then inlines across files. What is translated is large, and a unit each.
    const units = ["all.c", "port/port.c", ...cFiles(translated).map((name) => `translated/${name}`)]
    const objects: Tree = {}
    for (const [i, name] of units.entries())
        objects[`${i}.o`] = (await llvm(["clang", ...flags, "-o", "o", name], tree))["o"]
    const linked = await llvm(["wasm-ld", ...link, ...Object.keys(objects), "-lc", "-o", "machine.wasm"], objects)
    return linked["machine.wasm"] as Uint8Array
}
