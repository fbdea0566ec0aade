import { spawn, spawnSync } from "node:child_process"
import { createHash } from "node:crypto"
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs"
import { availableParallelism } from "node:os"
import { basename, dirname, join } from "node:path"
import { debianSource } from "./debian-source.js"
import { cacheFolder, root, withoutPaths } from "../folders.js"
import { exclusivelyAsync } from "./make-once.js"

const firmware = join(root, "firmware")
const port = join(firmware, "port", "rv32-virt")
const cache = cacheFolder("rv32")
/** Replaces folders in objects (withoutPaths). */
const ANONYMOUS = "anonymous"

export const COMPILER = "riscv64-unknown-elf-gcc"
/** The core of an ESP32-C3, optimized for size like in ESP-IDF. */
export const TARGET = [
    ...["-march=rv32imc", "-mabi=ilp32", "--specs=picolibc.specs", "-std=gnu11"],
    ...["-Os", "-g", "-ffunction-sections", "-fdata-sections"],
]
const STRICT = ["-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Wmissing-prototypes", "-Werror"]

/** A linked program for the emulated board. */
export interface BoardProgram {
    path: string
    /** bytes of flash (text and constants) by part: "vm", "natives", "port", "mbedtls", "lwip", "libc" */
    flash: Record<string, number>
    /** bytes of RAM in use at the start, by part */
    ram: Record<string, number>
}

/** Why the board cannot be built or run here, as a sentence; undefined if it can. */
export function missingForBoard(): string | undefined {
    if (spawnSync(COMPILER, ["--version"]).status !== 0) return "gcc-riscv64-unknown-elf is not installed"
    const picolibc = spawnSync(COMPILER, [...TARGET, "-E", "-"], { input: "#include <stdio.h>\n" })
    if (picolibc.status !== 0) return "picolibc-riscv64-unknown-elf is not installed"
    if (spawnSync("qemu-system-riscv32", ["--version"]).status !== 0) return "qemu-system-misc is not installed"
    return undefined
}

/**
 * Hot files, which nearly every operation or every record uses: optimizing them takes a fifth fewer instructions for
 * 9 KB. The ESP32-C3's CMakeLists.txt has the same list.
 */
export const HOT = [
    ...["interpreter.c", "call.c", "field.c", "object.c", "methods.c", "operations.c"],
    ...["heap.c", "natives.c", "array.c", "buffer.c"],
    ...["translated.c", "fields.c", "calls.c", "quick.c"],
    ...["aead_key.c", "ccm.c", "record.c"],
]

/** Rarely executed files save registers by a call: a twentieth smaller. */
const SMALL = "-msave-restore"

const tuned = (unit: Unit): Unit => ({
    ...unit,
    flags: [...unit.flags, HOT.includes(basename(unit.source)) ? "-O2" : SMALL],
})

interface Unit {
    source: string
    part: string
    flags: string[]
    /** of a library: the header with its options; our own files depend on all of our headers */
    options?: string
}

const cFiles = (folder: string): string[] =>
    readdirSync(folder)
        .filter((name) => /\.[cS]$/.test(name))
        .sort()
        .map((name) => join(folder, name))

function lwipUnits(lwip: string, include: string[]): Unit[] {
    const core = ["init", "def", "inet_chksum", "ip", "mem", "memp", "netif", "pbuf", "timeouts"]
    const transport = ["udp", "dns", "tcp", "tcp_in", "tcp_out"]
    const v4 = ["etharp", "icmp", "ip4", "ip4_addr", "ip4_frag"]
    const v6 = ["ethip6", "icmp6", "inet6", "ip6", "ip6_addr", "nd6"]
    const names = [
        ...[...core, ...transport].map((name) => `core/${name}.c`),
        ...v4.map((name) => `core/ipv4/${name}.c`),
        ...v6.map((name) => `core/ipv6/${name}.c`),
        "netif/ethernet.c",
    ]
    const options = join(port, "lwipopts.h")
    return names.map((name) => ({ source: join(lwip, name), part: "lwip", flags: include, options }))
}

/**
 * Programs for the emulated core: the firmware, and the benchmarks in firmware/bench: Mote and mbedTLS's own DTLS, with
 * pre-shared keys only, and with the library as configured for the firmware.
 */
export type BoardMain = "main" | "bench/mote" | "bench/anchor" | "bench/mote_full" | "bench/anchor_full"

/** The options of mbedTLS. */
const OPTIONS = join(port, "mbedtls_config.h")

/** Flags that select these options. */
function optionFlags(main: BoardMain): string[] {
    const ofPsk = main === "bench/mote" || main === "bench/anchor"
    return [`-DMBEDTLS_CONFIG_FILE="${basename(OPTIONS)}"`, ...(ofPsk ? ["-DMOTE_PSK_ONLY"] : [])]
}

/** The parts of the port that a benchmark needs: no network, and its own `main`. */
const BENCH_PORT = ["start.S", "board.c", "memory.c", "meter.c"]

/** All C files of a program. */
function unitsOf(main: BoardMain, translations: string[]): Unit[] {
    const lwip = join(debianSource("lwip"), "src")
    const mbedtls = debianSource("mbedtls")
    const include = [
        ...[...["vm", "natives", "translated", "bench"].map((name) => join(firmware, name)), port].map(
            (folder) => `-I${folder}`,
        ),
        ...[join(lwip, "include"), join(mbedtls, "include")].map((folder) => `-isystem${folder}`),
        ...optionFlags(main),
    ]
    const own = (folder: string, part: string): Unit[] =>
        cFiles(folder).map((source) => ({ source, part, flags: [...STRICT, ...include] }))
    const measures = main !== "main"
    const anchor = main === "bench/anchor" || main === "bench/anchor_full"
    const bench = [
        join(firmware, `${main.replace("mote_full", "mote")}.c`),
        join(firmware, "bench", "support.c"),
        join(firmware, "bench", anchor ? "library_link.c" : "kinds.c"),
        ...(main === "bench/anchor_full" ? [join(firmware, "natives", "settings.c")] : []),
    ]
    const translated = [
        ...own(join(firmware, "translated"), "translated").map((unit) => tuned(unit)),
        // Warnings from a newer compiler must not prevent the build.
        ...translations.map((source) => ({ source, part: "translated", flags: [...STRICT, "-Wno-error", ...include] })),
    ]
    return [
        ...(translations.length > 0 ? translated : []),
        ...(anchor
            ? []
            : [
                  ...own(join(firmware, "vm"), "vm").map((unit) => tuned(unit)),
                  ...own(join(firmware, "natives"), "natives").map((unit) => tuned(unit)),
              ]),
        ...(anchor ? [] : own(join(firmware, "port", "simple"), "port")),
        ...(measures && !anchor ? own(join(firmware, "port", "no-streams"), "port") : []),
        ...own(port, "port").filter(
            ({ source }) =>
                !measures || (BENCH_PORT.includes(basename(source)) && !(anchor && source.endsWith("meter.c"))),
        ),
        ...(measures ? bench.map((source) => ({ source, part: "bench", flags: [...STRICT, ...include] })) : []),
        ...(measures ? [] : lwipUnits(lwip, include)),
        ...cFiles(join(mbedtls, "library")).map((source) => ({
            source,
            part: "mbedtls",
            flags: include,
            options: OPTIONS,
        })),
    ]
}

function headersHash(more: string[]): string {
    const hash = createHash("sha256")
    for (const path of more) hash.update(readFileSync(path))
    const names = readdirSync(firmware, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".h"))
    for (const name of names.sort()) hash.update(name).update(readFileSync(join(firmware, name)))
    return hash.digest("hex")
}

function objectOf(unit: Unit, headers: string): string {
    const flags = [...TARGET, ...unit.flags, ANONYMOUS].join(" ").replaceAll(root, "")
    const hash = createHash("sha256").update(flags).update(readFileSync(unit.source))
    hash.update(unit.options === undefined ? headers : readFileSync(unit.options))
    const name = basename(unit.source).replace(/\.[cS]$/, "")
    return join(cache, unit.part, `${name}-${hash.digest("hex").slice(0, 16)}.o`)
}

function compile(unit: Unit, object: string): Promise<void> {
    const fresh = `${object}.${process.pid}`
    // The assembler's debug information always contains folder names, so there is none.
    const anonymous = unit.source.endsWith(".S") ? ["-g0"] : withoutPaths()
    const child = spawn(COMPILER, [...TARGET, ...unit.flags, ...anonymous, "-c", unit.source, "-o", fresh], {
        stdio: ["ignore", "ignore", "pipe"],
    })
    let messages = ""
    child.stderr.setEncoding("utf8").on("data", (text: string) => (messages += text))
    return new Promise((resolve, reject) => {
        child.on("error", reject)
        child.on("close", (code) => {
            if (code !== 0) return reject(new Error(`${unit.source} does not compile:\n${messages}`))
            renameSync(fresh, object)
            resolve()
        })
    })
}

async function compileAll(jobs: [Unit, string][]): Promise<void> {
    const worker = async (): Promise<void> => {
        for (let job = jobs.pop(); job !== undefined; job = jobs.pop()) await compile(job[0], job[1])
    }
    await Promise.all(Array.from({ length: availableParallelism() }, worker))
}

const FLASH_SECTIONS = /^\.(text|rodata|srodata|data|sdata)/
const RAM_SECTIONS = /^\.(data|sdata|bss|sbss)/

/** Bytes of some sections by part, from the linker's map. */
export function sizeByPart(
    map: string,
    objects: Map<string, string>,
    sections = FLASH_SECTIONS,
): Record<string, number> {
    const sizes: Record<string, number> = {}
    // " .text.name  0xaddress  0xsize  file", or with a line break after the name; debug sections have address 0.
    for (const [, section, address, size, file] of map.matchAll(/^ (\.\S+)\s+(0x[0-9a-f]+)\s+(0x[0-9a-f]+) (\S+)$/gm)) {
        if (Number(address) === 0 || !sections.test(section)) continue
        const part = objects.get(file) ?? "libc"
        sizes[part] = (sizes[part] ?? 0) + Number(size)
    }
    return sizes
}

/** Wraps every allocation of a benchmark with firmware/bench/support.c. */
const COUNTED_HEAP = ["malloc", "calloc", "free"].map((name) => `-Wl,--wrap=${name}`)

function link(path: string, objects: Iterable<string>, more: string[]): void {
    const fresh = `${path}.${process.pid}`
    const layout = [`-T${join(port, "link.ld")}`, "-Wl,--gc-sections", `-Wl,-Map=${path}.map`]
    const args = [...TARGET, "--oslib=semihost", "-nostartfiles", ...layout, ...more, ...objects, "-lm", "-o", fresh]
    const run = spawnSync(COMPILER, args, { encoding: "utf8" })
    if (run.status !== 0) {
        rmSync(fresh, { force: true })
        throw new Error(`the board does not link:\n${run.stderr}`)
    }
    renameSync(fresh, path)
}

async function compileAndLink(path: string, objects: Map<string, Unit>, more: string[]): Promise<void> {
    await compileAll([...objects].filter(([object]) => !existsSync(object)).map(([object, unit]) => [unit, object]))
    if (!existsSync(path)) link(path, objects.keys(), more)
}

/** Flags of the file that lists the natives. */
function ofNatives({ source, part }: Unit, natives: string | undefined): string[] {
    const isList = part === "natives" && basename(source) === "natives.c"
    return isList && natives !== undefined ? [`-DMOTE_NATIVES_OF_PROGRAM(X)=${natives}`] : []
}

/**
 * Compiles and links a program for the board, only what has changed.
 * @param defines for our own files, such as "MOTE_PROFILE"
 * @param configuration folder with a mote_config.h
 * @param translations C files of host/translate
 * @param natives C of MOTE_NATIVES_OF_PROGRAM(X), in place of a configuration's; undefined: all natives
 */
export async function buildBoard(
    main: BoardMain = "main",
    defines: string[] = [],
    configuration?: string,
    translations: string[] = [],
    natives?: string,
): Promise<BoardProgram> {
    const header = configuration === undefined ? [] : [join(configuration, "mote_config.h")]
    const translates = translations.length > 0 ? ["MOTE_TRANSLATED"] : []
    const added = [
        ...[...defines, ...translates].map((name) => `-D${name}`),
        ...header.map((path) => `-I${dirname(path)}`),
    ]
    const more = main === "main" ? [] : COUNTED_HEAP
    const units = unitsOf(main, translations).map((unit) =>
        unit.flags.includes("-Werror")
            ? { ...unit, flags: [...unit.flags, ...added, ...ofNatives(unit, natives)] }
            : unit,
    )
    const headers = headersHash(header)
    const objects = new Map(units.map((unit) => [objectOf(unit, headers), unit]))
    for (const part of new Set(units.map((unit) => unit.part))) mkdirSync(join(cache, part), { recursive: true })
    const script = join(port, "link.ld")
    const hash = createHash("sha256").update(readFileSync(script)).update(more.join(" "))
    const path = join(
        cache,
        `${basename(main)}-${hash
            .update([...objects.keys()].join())
            .digest("hex")
            .slice(0, 16)}.elf`,
    )
    // Locked, because programs share objects; a compilation uses all cores anyway.
    if (!existsSync(path)) await exclusivelyAsync(join(cache, "objects"), () => compileAndLink(path, objects, more))
    const parts = new Map([...objects].map(([object, unit]) => [object, unit.part]))
    const map = readFileSync(`${path}.map`, "utf8")
    return { path, flash: sizeByPart(map, parts, FLASH_SECTIONS), ram: sizeByPart(map, parts, RAM_SECTIONS) }
}
