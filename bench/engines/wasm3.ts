/* wasm3, a public engine of WebAssembly, on the emulated core: its source is in a crate, which Cargo fetches. */
import { spawnSync } from "node:child_process"
import { readdirSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { llvm } from "../../host/build/llvm.js"
import { root } from "../../host/folders.js"

/** What both compilers of the programs are given. */
export const programFolder = join(root, "firmware", "bench", "engines")

/** Its folder. Throws when Cargo cannot fetch it. */
export function wasm3Source(): string {
    const args = ["metadata", "--locked", "--format-version", "1", "--filter-platform", "x86_64-unknown-linux-gnu"]
    const cwd = join(root, "bench", "engines")
    const { status, stdout, stderr } = spawnSync("cargo", args, { cwd, encoding: "utf8", maxBuffer: 1 << 26 })
    if (status !== 0) throw new Error(`Cargo does not fetch wasm3: ${stderr}`)
    const { packages } = JSON.parse(stdout) as { packages: { name: string; manifest_path: string }[] }
    const found = packages.find(({ name }) => name === "wasm3-sys")
    if (found === undefined) throw new Error("Cargo knows no wasm3-sys")
    return join(dirname(found.manifest_path), "wasm3", "source")
}

/** Its C files, without the interfaces to operating systems. */
export const wasm3Units = (folder: string): string[] =>
    readdirSync(folder)
        .filter((name) => name.endsWith(".c") && !name.startsWith("m3_api_"))
        .sort()
        .map((name) => join(folder, name))

/** One of the programs in C as WebAssembly. */
export async function asWasm(program: string): Promise<Uint8Array> {
    const files = ["program.h", `${program}.c`].map((name) => [name, readFileSync(join(programFolder, name))])
    const flags = ["--target=wasm32", "-std=c11", "-Os", "-ffreestanding", "-c", `${program}.c`, "-o", "-"]
    const o = await llvm(["clang", ...flags], Object.fromEntries(files) as Record<string, Uint8Array>)
    const link = ["--no-entry", "--export=bench_program", "--strip-all", "-z", "stack-size=1024", "o", "-o", "-"]
    return await llvm(["wasm-ld", "-m", "wasm32", ...link], { o })
}
