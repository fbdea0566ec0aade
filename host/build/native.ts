import { spawnSync } from "node:child_process"
import { createHash } from "node:crypto"
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync } from "node:fs"
import { availableParallelism } from "node:os"
import { basename, dirname, join } from "node:path"
import { translationFiles } from "../translate/files.js"
import type { Choice } from "../translate/translate.js"
import { cacheFolder, root, withoutPaths } from "../folders.js"
import { exclusively, makeOnce } from "./make-once.js"

const firmware = join(root, "firmware")
const cache = cacheFolder("native")
/** Of objects that name no folder (withoutPaths). */
const ANONYMOUS = "anonymous"

/** As strict as the house is: a warning is an error. */
const STRICT = [
    "-std=c11",
    "-D_GNU_SOURCE",
    "-Wall",
    "-Wextra",
    "-Wconversion",
    "-Wshadow",
    "-Wmissing-prototypes",
    "-Werror",
]
const INCLUDE = ["vm", "natives", "translated", "port/sockets", "port/posix", "fuzz/program"].map(
    (folder) => `-I${join(firmware, folder)}`,
)
const SANITIZE = ["-fsanitize=address,undefined", "-fno-sanitize-recover=undefined", "-fno-omit-frame-pointer"]

/** One program of the firmware for this machine. */
export interface NativeProgram {
    name: string
    compiler: string
    flags: string[]
    /** folders below firmware, or files */
    sources: string[]
    libraries: string[]
    /** those of `sources` that a fuzzer takes no coverage of */
    uncovered?: string[]
    /** C files that host/translate wrote */
    translations?: string[]
    /** what those are compiled with behind `flags` */
    translationFlags?: string[]
}

/**
 * The Linux device with every check that compilers have. clang instruments the programs that are C, megabytes of it in all,
 * in a third of gcc's time; gcc's warnings are errors of `device`.
 */
export const checkedDevice: NativeProgram = {
    name: "mote-device",
    compiler: "clang",
    flags: [...STRICT, ...SANITIZE, "-g", "-O1"],
    sources: ["vm", "natives", "port/sockets", "port/posix"],
    libraries: ["-lmbedtls", "-lmbedx509", "-lmbedcrypto", "-lm", "-pthread"],
    // Megabytes, each compiled once: what is checked is arithmetic. Memory that they touch is in the arena, which is one block
    // to ASan, or behind the machine's functions, which are checked wholly.
    translationFlags: ["-g0", "-O0", "-fno-sanitize=address,alignment,null,object-size,pointer-overflow"],
}

/** The Linux device as people use it. A compiler with more warnings than ours does not keep a program from being C. */
export const device: NativeProgram = {
    ...checkedDevice,
    compiler: "gcc",
    flags: [...STRICT, "-g", "-O2"],
    translationFlags: ["-Wno-error"],
}

/** The same under ThreadSanitizer, for the threads of slow work. */
export const threadCheckedDevice: NativeProgram = {
    ...checkedDevice,
    name: "mote-device-threads",
    compiler: "gcc",
    flags: [...STRICT, "-fsanitize=thread", "-fno-omit-frame-pointer", "-g", "-O1"],
    translationFlags: ["-g0", "-O0"],
}

/**
 * A Linux device that has functions of some programs as C (host/translate).
 * @param choose which; without, all
 */
export function withTranslations(of: NativeProgram, images: Buffer[], choose?: Choice): NativeProgram {
    return {
        ...of,
        name: `${of.name}-translated`,
        flags: [...of.flags, "-DMOTE_TRANSLATED"],
        sources: [...of.sources, "translated"],
        translations: translationFiles(images, choose),
    }
}

/** Storage and program slots through power cuts and restarts. */
export const storageTest: NativeProgram = {
    name: "test-storage",
    compiler: "gcc",
    flags: [...STRICT, ...SANITIZE, "-g", "-O1"],
    sources: [
        "natives/blob_store.c",
        "natives/crc.c",
        "natives/program.c",
        "natives/program_update.c",
        "test/test_storage.c",
    ],
    libraries: [],
}

/** Arenas that a machine can be made in, and others. */
export const arenaTest: NativeProgram = {
    ...storageTest,
    name: "test-arena",
    sources: ["vm", "test/test_arena.c"],
    libraries: ["-lm"],
}

/** The ABI as C knows it. */
export const abiPrinter: NativeProgram = {
    ...arenaTest,
    name: "print-abi",
    sources: ["vm", "test/print_abi.c"],
}

/** For LD_PRELOAD before checkedDevice: parts of the crypto library that have no memory. */
export const failingLibrary: NativeProgram = {
    name: "failing-library.so",
    compiler: "gcc",
    flags: [...STRICT, "-shared", "-fPIC", "-O1"],
    sources: ["test/failing_library.c"],
    libraries: [],
}

/** For LD_PRELOAD before checkedDevice: a network that does not take two of the datagrams. */
export const lostNetwork: NativeProgram = {
    ...failingLibrary,
    name: "lost-network.so",
    sources: ["test/lost_network.c"],
}

/**
 * What the fuzzer sees of each execution is its edges. The rest costs more than the code between: comparisons most of a
 * verifier's time; they tell little, since values are tagged.
 */
const EDGES = ["-fsanitize=fuzzer", "-fno-sanitize-coverage=trace-cmp,stack-depth,indirect-calls"]

/** Loader and interpreter under libFuzzer. */
export const machineFuzzer: NativeProgram = {
    name: "fuzz-machine",
    compiler: "clang",
    flags: ["-std=c11", "-g", "-O1", ...SANITIZE, "-fsanitize=fuzzer"],
    sources: ["vm", "fuzz/fuzz_machine.c"],
    libraries: ["-lm"],
}

/** The same without sanitizers. */
export const quickMachineFuzzer: NativeProgram = {
    ...machineFuzzer,
    name: "fuzz-machine-quick",
    flags: ["-std=c11", "-g1", "-O2", ...EDGES],
}

/**
 * A program of test/fuzz, whose functions are in it as C (withTranslations): their coverage is the protocol's. The
 * machine below runs the same for all of them.
 */
export const programFuzzer: NativeProgram = {
    name: "fuzz-program",
    compiler: "clang",
    flags: ["-std=c11", "-D_GNU_SOURCE", "-g1", "-O1", ...SANITIZE, ...EDGES],
    sources: ["vm", "natives", "port/simple", "port/no-streams", "fuzz/program"],
    uncovered: ["vm", "translated", "port/simple", "port/no-streams", "fuzz/program"],
    libraries: ["-lmbedx509", "-lmbedcrypto", "-lm"],
    // As above. Optimizing them takes longer than a few seconds of fuzzing gain by it.
    translationFlags: ["-fno-sanitize=address,undefined", "-O0"],
}

/** The same without sanitizers, several times as fast: for long runs. */
export const quickProgramFuzzer: NativeProgram = {
    ...programFuzzer,
    name: "fuzz-program-quick",
    flags: ["-std=c11", "-D_GNU_SOURCE", "-g1", "-O2", ...EDGES],
    translationFlags: [],
}

function filesOf(source: string): string[] {
    if (source.endsWith(".c")) return [join(firmware, source)]
    const folder = join(firmware, source)
    const names = readdirSync(folder).filter((name) => name.endsWith(".c"))
    return names.sort().map((name) => join(folder, name))
}

/** A C file with what it is compiled with. */
interface Unit {
    path: string
    flags: string[]
}

function unitsOf(program: NativeProgram): Unit[] {
    const { sources, flags, uncovered = [], translations = [], translationFlags = [] } = program
    const flagsOf = (source: string): string[] =>
        uncovered.includes(source) ? [...flags, "-fno-sanitize=fuzzer"] : flags
    return [
        ...sources.flatMap((source) => filesOf(source).map((path) => ({ path, flags: flagsOf(source) }))),
        ...translations.map((path) => ({ path, flags: [...flags, ...translationFlags] })),
    ]
}

function headers(): string[] {
    const names = readdirSync(firmware, { recursive: true, encoding: "utf8" })
    return names.filter((name) => name.endsWith(".h")).map((name) => join(firmware, name))
}

const probes: Record<string, string> = {
    "-lmbedcrypto": "#include <psa/crypto.h>\nint main(void) { return 0; }",
    program: "int main(void) { return 0; }",
    fuzzer: "int LLVMFuzzerTestOneInput(const unsigned char *d, unsigned long n) { return d == 0 || n == 0; }",
}

/** What keeps a program from being built here, as a sentence; undefined when nothing does. */
export function missingFor({ compiler, libraries, flags }: NativeProgram): string | undefined {
    if (spawnSync(compiler, ["--version"]).status !== 0) return `${compiler} is not installed`
    const builds = (probe: string[], input: string): boolean =>
        spawnSync(compiler, ["-x", "c", "-", ...probe, "-o", "/dev/null"], { input }).status === 0
    const fuzzer = "-fsanitize=fuzzer"
    const runtimes = flags.filter((flag) => flag.startsWith("-fsanitize="))
    const probe = runtimes.includes(fuzzer) ? "fuzzer" : "program"
    if (compiler === "clang" && !builds(runtimes, probes[probe])) return "libclang-rt-dev is not installed"
    const crypto = !flags.includes(fuzzer) || libraries.includes("-lmbedcrypto")
    if (crypto && !builds([], probes["-lmbedcrypto"])) return `${libraries.join(" ")}: libmbedtls-dev is not installed`
    return undefined
}

/** Hash of all headers, and of a configuration's. */
function headersHash(configured: string[]): string {
    const hash = createHash("sha256")
    for (const path of configured) hash.update(readFileSync(path))
    for (const path of headers().sort()) hash.update(path.slice(root.length)).update(readFileSync(path))
    return hash.digest("hex")
}

/** Where the object of a unit is, or goes. */
function objectOf(compiler: string, { path, flags }: Unit, headers: string): string {
    const hash = createHash("sha256").update([compiler, ...flags, ANONYMOUS, headers].join(" "))
    hash.update(path.slice(root.length)).update(readFileSync(path))
    return join(cache, "objects", `${basename(path, ".c")}-${hash.digest("hex").slice(0, 16)}.o`)
}

function must(command: string, args: string[], input: string): void {
    const run = spawnSync(command, args, { encoding: "utf8", input })
    if (run.status !== 0) throw new Error(run.error?.message ?? run.stderr)
}

/** Compiles units that have the same flags, as many at a time as there are cores. @param objects by unit */
function compileAll(compiler: string, flags: string[], objects: [string, string][]): void {
    const fresh = (object: string): string => `${object}.${process.pid}`
    // The longest first: no core waits for it at the end.
    objects.sort(([a], [b]) => statSync(b).size - statSync(a).size)
    const pairs = objects.flatMap(([path, object]) => [path, `-o${fresh(object)}`])
    const parallel = ["-0", "-n", "2", "-P", String(availableParallelism())]
    must("xargs", [...parallel, compiler, ...flags, ...withoutPaths(), "-c"], pairs.map((word) => `${word}\0`).join(""))
    for (const [, object] of objects) renameSync(fresh(object), object)
}

/** @param objects of `units`, in their order */
function compileStale(compiler: string, units: Unit[], objects: string[], include: string[]): void {
    const stale = new Map<string, [string, string][]>()
    units.forEach(({ path, flags }, index) => {
        if (existsSync(objects[index])) return
        const key = flags.join("\0")
        stale.set(key, [...(stale.get(key) ?? []), [path, objects[index]]])
    })
    for (const [flags, pairs] of stale) compileAll(compiler, [...flags.split("\0"), ...include], pairs)
}

/** Compiles what has changed. @returns all objects */
function compileUnits(compiler: string, units: Unit[], headers: string, include: string[]): string[] {
    const objects = units.map((unit) => objectOf(compiler, unit, headers))
    const folder = join(cache, "objects")
    mkdirSync(folder, { recursive: true })
    // Programs share objects; a compilation takes all cores anyway.
    if (!objects.every(existsSync)) exclusively(folder, () => compileStale(compiler, units, objects, include))
    return objects
}

/** The objects of a program, not linked; compiled only when a source or flag has changed. Throws with the messages. */
export function buildObjects({ name, compiler, ...program }: NativeProgram, configured: string[] = []): string[] {
    const include = [...configured.map((path) => `-I${dirname(path)}`), ...INCLUDE]
    try {
        return compileUnits(compiler, unitsOf({ name, compiler, ...program }), headersHash(configured), include)
    } catch (error) {
        throw new Error(`${name} does not compile:\n${(error as Error).message}`)
    }
}

/**
 * The path of the compiled program; compiled only when a source or flag has changed. Throws with the messages.
 * @param configuration folder with a mote_config.h
 */
export function buildNative(program: NativeProgram, configuration?: string): string {
    const { name, compiler, flags, libraries } = program
    const objects = buildObjects(program, configuration === undefined ? [] : [join(configuration, "mote_config.h")])
    const hash = createHash("sha256").update([...flags, ...libraries, ...objects].join(" "))
    const path = join(cache, `${name}-${hash.digest("hex").slice(0, 16)}`)
    return makeOnce(path, (fresh) => {
        const run = spawnSync(compiler, [...flags, "-o", fresh, ...objects, ...libraries], { encoding: "utf8" })
        if (run.status !== 0) throw new Error(`${name} does not link:\n${run.error?.message ?? run.stderr}`)
    })
}
