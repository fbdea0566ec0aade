/* The LLVM of a development dependency, itself WebAssembly. */

export type Tree = { [name: string]: Tree | string | Uint8Array }

/** A translation unit. */
export interface Unit {
    /** its path in `Compilation.tree` */
    main: string
    flags: string[]
}

/** A module that is made of objects, some of which are there already. */
export interface Compilation {
    tree: Tree
    /** by the name of its object, in the order of linking */
    objects: Record<string, Unit | Uint8Array>
    /** arguments of the linker */
    link: string[]
}

export interface Compiled {
    module: Uint8Array
    /** those that were not there */
    objects: Record<string, Uint8Array>
}

/** Throws with the compiler's messages. */
export async function llvm(args: string[], files: Tree): Promise<Tree> {
    const { runLLVM } = await import("@yowasp/clang").catch(() => {
        throw new Error(
            "@yowasp/clang, which compiles C to WebAssembly, is not installed: run npm install --save-dev @yowasp/clang",
        )
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
export function oneUnit(names: string[]): string {
    const include = (some: string[]): string => some.map((name) => `#include "${name}"\n`).join("")
    const isCold = (name: string): boolean => COLD.includes(name.slice(0, -2))
    const hot = include(names.filter((name) => !isCold(name)))
    return `${hot}${COLD_BEGIN}${include(names.filter(isCold))}${COLD_END}`
}

export async function compileModule({ tree, objects, link }: Compilation): Promise<Compiled> {
    const [all, made]: Record<string, Uint8Array>[] = [{}, {}]
    for (const [name, object] of Object.entries(objects)) {
        if (!("main" in object)) all[name] = object
        else {
            const { main, flags } = object
            all[name] = made[name] = (await llvm(["clang", ...flags, "-o", "o", main], tree))["o"] as Uint8Array
        }
    }
    const linked = await llvm(["wasm-ld", ...link, ...Object.keys(all), "-lc", "-o", "machine.wasm"], all)
    return { module: linked["machine.wasm"] as Uint8Array, objects: made }
}
