/* npm run fuzz -- [seconds]: loader and interpreter over mutated images, an hour when no time is given. */
import { spawnSync } from "node:child_process"
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { root } from "./device.js"
import { buildNative, machineFuzzer, missingFor } from "./native.js"
import { compileProgram } from "./official.js"

export interface FuzzResult {
    /** inputs run; 0 when it did not start */
    runs: number
    passed: boolean
    output: string
}

const home = join(root, ".cache", "fuzz")

/** The conformance programs' images, as seeds. */
function seeds(): string {
    const folder = join(home, "seeds")
    const programs = join(root, "test", "machine", "conformance")
    mkdirSync(folder, { recursive: true })
    for (const name of readdirSync(programs).filter((file) => file.endsWith(".ts"))) {
        const path = join(folder, name.replace(/ts$/, "devs"))
        if (!existsSync(path)) writeFileSync(path, compileProgram(readFileSync(join(programs, name), "utf8")))
    }
    return folder
}

/** @param seed of the fuzzer's randomness; the same seed gives the same inputs */
export function fuzzMachine(seconds: number, seed: number): FuzzResult {
    const corpus = join(home, "corpus")
    const artifacts = join(home, "found")
    for (const folder of [corpus, artifacts]) mkdirSync(folder, { recursive: true })
    const limits = ["-max_len=16384", "-timeout=10", "-rss_limit_mb=2048", "-print_final_stats=1"]
    const args = [`-max_total_time=${seconds}`, `-seed=${seed}`, ...limits, `-artifact_prefix=${artifacts}/`]
    const run = spawnSync(buildNative(machineFuzzer), [...args, corpus, seeds()], {
        encoding: "utf8",
        maxBuffer: 1 << 28,
    })
    const runs = Number(/number_of_executed_units: (\d+)/.exec(run.stderr)?.[1] ?? 0)
    return { runs, passed: run.status === 0, output: run.stderr }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
    if (!/^[1-9]\d*$/.test(process.argv[2] ?? "3600")) {
        process.stderr.write("fuzz: seconds are a whole number from 1: npm run fuzz -- 600\n")
        process.exit(2)
    }
    const missing = missingFor(machineFuzzer)
    if (missing !== undefined) {
        process.stderr.write(`fuzz: ${missing}; please run: sudo apt-get install clang libclang-rt-dev\n`)
        process.exit(1)
    }
    const { runs, passed, output } = fuzzMachine(Number(process.argv[2] ?? 3600), Date.now() % 1000000)
    process.stdout.write(output.split("\n").slice(-40).join("\n"))
    process.stdout.write(
        `fuzz: ${runs} images, ${passed ? "no defect" : "a defect, see above and .cache/fuzz/found"}\n`,
    )
    process.exit(passed ? 0 : 1)
}
