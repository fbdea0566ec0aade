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

/**
 * Runs a tool, which is told to write its result to standard output (`-o -`): a file is copied whole at each of thousands of small
 * writes. Throws with the tool's messages.
 * @returns the result
 */
export async function llvm(args: string[], files: Tree): Promise<Uint8Array> {
    const { runLLVM } = await import("@yowasp/clang").catch(() => {
        throw new Error(
            "@yowasp/clang, which compiles C to WebAssembly, is not installed: run npm install --save-dev @yowasp/clang",
        )
    })
    const [result, messages]: Uint8Array[][] = [[], []]
    const into = (list: Uint8Array[]) => (bytes: Uint8Array | null) => void (bytes !== null && list.push(bytes))
    try {
        await runLLVM(args, files, { stdout: into(result), stderr: into(messages), fetchProgress: () => {} })
        return Buffer.concat(result)
    } catch (error) {
        throw new Error(`${args[0]} failed:\n${Buffer.concat(messages).toString()}`, { cause: error })
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
            all[name] = made[name] = await llvm(["clang", ...flags, "-o", "-", main], tree)
        }
    }
    return { module: await llvm(["wasm-ld", ...link, ...Object.keys(all), "-lc", "-o", "-"], all), objects: made }
}
