/* The targets of npm run fuzz: docs/fuzzing.md. */
import { spawnSync } from "node:child_process"
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { cachedDeviceImage, root } from "./device.js"
import {
    buildNative,
    machineFuzzer,
    type NativeProgram,
    programFuzzer,
    quickMachineFuzzer,
    quickProgramFuzzer,
    withTranslations,
} from "./native.js"
import { conformancePrograms, programImage } from "../../test/machine/images.js"

/** A fuzzer that has been built: the command to run, and the folder of its seeds. */
export interface BuiltTarget {
    command: string
    args: string[]
    /** folder with initial inputs, in addition to the committed corpus */
    seeds: string
    /** the image to which the code positions of a panic refer; undefined if panics have none */
    image?: string
}

export interface FuzzTarget {
    name: string
    /** for --help */
    about: string
    /** longest input, bytes */
    maxLength: number
    /** with address and undefined-behaviour sanitizers; does not include translations yet */
    checked: NativeProgram
    /** the same program without sanitizers */
    quick: NativeProgram
    /** @param fuzzer `checked` or `quick`; @param crypto "stand-in" or "real" */
    build(fuzzer: NativeProgram, crypto: string): BuiltTarget
}

/** Folder for files of a target that are not committed. */
export function workFolder(name: string, part: string): string {
    const folder = join(root, ".cache", "fuzz", name, part)
    mkdirSync(folder, { recursive: true })
    return folder
}

/** The minimized corpus in git. */
export function committedCorpus(name: string): string {
    return join(root, "test", "fuzz", "corpus", name)
}

/** The programs of test/fuzz: two, because one image would exceed the compiler's 64 KB of code. */
const PROTOCOL = "test/fuzz/protocol-main.ts"
const DATA = "test/fuzz/data-main.ts"

function programTarget(name: string, about: string, entry: string, maxLength: number, options: string[]): FuzzTarget {
    const build = (fuzzer: NativeProgram, crypto: string): BuiltTarget => {
        const image = cachedDeviceImage(entry).path
        // Only this program's translation: another one's counters would be scanned after each execution, too.
        const command = buildNative(withTranslations(fuzzer, [readFileSync(image)]))
        const args = [`--image=${image}`, `--target=${name}`, `--crypto=${crypto}`, ...options]
        const seeds = workFolder(name, `seeds-${crypto}`)
        const written = spawnSync(command, [...args, `--seeds=${seeds}`], { encoding: "utf8" })
        if (written.status !== 0) throw new Error(`fuzz: ${name} does not start:\n${written.stderr}`)
        return { command, args, seeds, image }
    }
    return { name, about, maxLength, checked: programFuzzer, quick: quickProgramFuzzer, build }
}

/** The images of the conformance programs. */
function machineSeeds(): string {
    const folder = workFolder("machine", "seeds")
    for (const { name, source } of conformancePrograms()) {
        const path = join(folder, `${name}.devs`)
        if (!existsSync(path)) writeFileSync(path, programImage(source))
    }
    return folder
}

const machine: FuzzTarget = {
    name: "machine",
    about: "loader, verifier and interpreter over mutated images",
    maxLength: 16384,
    checked: machineFuzzer,
    quick: quickMachineFuzzer,
    build: (fuzzer) => ({ command: buildNative(fuzzer), args: [], seeds: machineSeeds() }),
}

export const fuzzTargets: FuzzTarget[] = [
    programTarget("client", "the engine as a client, in each of its states", PROTOCOL, 1600, []),
    programTarget("server", "a server endpoint with its peers, in each of its states", PROTOCOL, 1600, []),
    programTarget("cookie", "the gate that hellos of unknown peers meet", PROTOCOL, 1024, []),
    programTarget(
        "translated",
        "translated functions over objects with changed fields, beside the interpreter",
        PROTOCOL,
        1024,
        ["--compare", "--lenient"],
    ),
    programTarget("coap", "CoAP: the codec, a server's session, a client's exchange", DATA, 2048, []),
    programTarget("cbor", "SenML packs in CBOR", DATA, 2048, []),
    programTarget("uri", "coaps URIs", DATA, 512, []),
    programTarget("link-format", "links with texts of clients in them", DATA, 512, []),
    programTarget("natives", "the device's natives with hostile arguments", DATA, 1024, ["--lenient"]),
    machine,
]

export function fuzzTarget(name: string): FuzzTarget | undefined {
    return fuzzTargets.find((target) => target.name === name)
}
