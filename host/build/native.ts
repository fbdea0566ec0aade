import { spawnSync } from "node:child_process"
import { createHash } from "node:crypto"
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from "node:fs"
import { dirname, isAbsolute, join } from "node:path"
import { translationFiles } from "../translate/files.js"
import { root } from "./device.js"

const firmware = join(root, "firmware")
const cache = join(root, ".cache", "native")

/** As strict as the house is: a warning is an error. */
const STRICT = ["-std=c11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Werror"]
const INCLUDE = ["vm", "natives", "translated", "port/sockets", "port/posix"].map(
    (folder) => `-I${join(firmware, folder)}`,
)
const SANITIZE = ["-fsanitize=address,undefined", "-fno-sanitize-recover=undefined", "-fno-omit-frame-pointer"]

/** One program of the firmware for this machine. */
export interface NativeProgram {
    name: string
    compiler: string
    flags: string[]
    /** folders below firmware, or files; absolute for those that were written for this program */
    sources: string[]
    libraries: string[]
}

/** The Linux device with every check that compilers have. */
export const checkedDevice: NativeProgram = {
    name: "mote-device",
    compiler: "gcc",
    flags: [...STRICT, ...SANITIZE, "-g", "-O1"],
    sources: ["vm", "natives", "port/sockets", "port/posix"],
    libraries: ["-lmbedx509", "-lmbedcrypto", "-lm", "-pthread"],
}

/** The Linux device as people use it. */
export const device: NativeProgram = { ...checkedDevice, flags: [...STRICT, "-g", "-O2"] }

/** A Linux device that has the functions of some programs as C (host/translate). */
export function withTranslations(of: NativeProgram, images: Buffer[]): NativeProgram {
    const sources = [...of.sources, "translated", ...translationFiles(images)]
    return { ...of, name: `${of.name}-translated`, flags: [...of.flags, "-DMOTE_TRANSLATED"], sources }
}

/** Storage and program slots through power cuts and restarts. */
export const storageTest: NativeProgram = {
    name: "test-storage",
    compiler: "gcc",
    flags: [...STRICT, ...SANITIZE, "-g", "-O1"],
    sources: ["natives/blob_store.c", "natives/crc.c", "natives/program.c", "test/test_storage.c"],
    libraries: [],
}

/** For LD_PRELOAD before checkedDevice: parts of the crypto library that have no memory. */
export const failingLibrary: NativeProgram = {
    name: "failing-library.so",
    compiler: "gcc",
    flags: [...STRICT, "-shared", "-fPIC", "-O1"],
    sources: ["test/failing_library.c"],
    libraries: [],
}

/** Loader and interpreter under libFuzzer. */
export const machineFuzzer: NativeProgram = {
    name: "fuzz-machine",
    compiler: "clang",
    flags: ["-std=c11", "-g", "-O1", ...SANITIZE, "-fsanitize=fuzzer"],
    sources: ["vm", "fuzz"],
    libraries: ["-lm"],
}

function unitsOf(source: string): string[] {
    if (isAbsolute(source)) return [source]
    if (source.endsWith(".c")) return [join(firmware, source)]
    const folder = join(firmware, source)
    const names = readdirSync(folder).filter((name) => name.endsWith(".c"))
    return names.sort().map((name) => join(folder, name))
}

function headers(): string[] {
    const names = readdirSync(firmware, { recursive: true, encoding: "utf8" })
    return names.filter((name) => name.endsWith(".h")).map((name) => join(firmware, name))
}

const probes: Record<string, string> = {
    "-lmbedcrypto": "#include <psa/crypto.h>\nint main(void) { return 0; }",
    fuzzer: "int LLVMFuzzerTestOneInput(const unsigned char *d, unsigned long n) { return d == 0 || n == 0; }",
}

/** What keeps a program from being built here, as a sentence; undefined when nothing does. */
export function missingFor({ compiler, libraries, flags }: NativeProgram): string | undefined {
    if (spawnSync(compiler, ["--version"]).status !== 0) return `${compiler} is not installed`
    const fuzzer = flags.includes("-fsanitize=fuzzer")
    const probe = fuzzer ? ["-fsanitize=fuzzer"] : []
    const input = probes[fuzzer ? "fuzzer" : "-lmbedcrypto"]
    if (spawnSync(compiler, ["-x", "c", "-", ...probe, "-o", "/dev/null"], { input }).status === 0) return undefined
    return fuzzer ? "libclang-rt-dev is not installed" : `${libraries.join(" ")}: libmbedtls-dev is not installed`
}

/**
 * The path of the compiled program; compiled only when a source or flag has changed. Throws with the messages.
 * @param configuration folder with a mote_config.h
 */
export function buildNative(program: NativeProgram, configuration?: string): string {
    const { name, compiler, flags, libraries } = program
    const units = program.sources.flatMap(unitsOf)
    const hash = createHash("sha256").update([compiler, ...flags, ...libraries].join(" "))
    const configured = configuration === undefined ? [] : [join(configuration, "mote_config.h")]
    for (const path of configured) hash.update(readFileSync(path))
    for (const path of [...units, ...headers().sort()]) hash.update(path.slice(root.length)).update(readFileSync(path))
    const path = join(cache, `${name}-${hash.digest("hex").slice(0, 16)}`)
    if (existsSync(path)) return path
    mkdirSync(cache, { recursive: true })
    const fresh = `${path}.${process.pid}`
    const run = spawnSync(
        compiler,
        [...flags, ...configured.map((path) => `-I${dirname(path)}`), ...INCLUDE, "-o", fresh, ...units, ...libraries],
        { encoding: "utf8" },
    )
    if (run.status !== 0) throw new Error(`${name} does not compile:\n${run.stderr}`)
    renameSync(fresh, path)
    return path
}
