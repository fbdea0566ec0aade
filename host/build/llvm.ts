/* LLVM from a development dependency, compiled to WebAssembly itself. */

export type Tree = { [name: string]: Tree | string | Uint8Array }

/** A translation unit. */
export interface Unit {
    /** path in `Compilation.tree` */
    main: string
    flags: string[]
}

/** A module linked from objects, some of which may be compiled already. */
export interface Compilation {
    tree: Tree
    /** by object name, in linking order */
    objects: Record<string, Unit | Uint8Array>
    /** arguments for the linker */
    link: string[]
}

export interface Compiled {
    module: Uint8Array
    /** the objects that were compiled */
    objects: Record<string, Uint8Array>
}

/**
 * Runs a tool, which must write its result to standard output (`-o -`): a file would be copied as a whole at each of
 * thousands of small writes. Throws with the tool's messages.
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

/** Files with rarely executed functions. Without inlining in them, compilation takes a third less time. */
const COLD = "builtins device error json number object_natives pins serialize text unwind verify vm".split(" ")
const COLD_BEGIN = "#pragma clang attribute push(__attribute__((cold)), apply_to = function)\n"
const COLD_END = "#pragma clang attribute pop\n"

/**
 * One translation unit of all files, so that the compiler inlines across files, except those that are rarely executed.
 */
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
