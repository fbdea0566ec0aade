/* npm run fuzz: libFuzzer for the protocol, its codecs, the natives and the machine; docs/fuzzing.md. */
import { spawnSync } from "node:child_process"
import { cpSync, existsSync, readdirSync, rmSync } from "node:fs"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { parseArgs } from "node:util"
import { DebugMap } from "../simulator/debug-map.js"
import { root } from "./device.js"
import {
    type BuiltTarget,
    committedCorpus,
    type FuzzTarget,
    fuzzTarget,
    fuzzTargets,
    workFolder,
} from "./fuzz-targets.js"
import { missingFor, type NativeProgram } from "./native.js"

export interface FuzzResult {
    /** number of inputs run; 0 if it did not start */
    executions: number
    /** number of these run under address and undefined-behaviour sanitizers */
    sanitized: number
    /** number of edges reached in the code under coverage */
    edges: number
    /** 0 or 1: a run ends with its first finding */
    crashes: number
    /** the fuzzer's output, and for a panic the lines of TypeScript */
    output: string
}

export interface FuzzOptions {
    /** seed of the fuzzer's random numbers; the same seed gives the same inputs. Default: random */
    seed?: number
    /** without address and undefined-behaviour sanitizers */
    quick?: boolean
    /** "stand-in", which accepts every tag and cookie, or "real" */
    crypto?: string
    /** limit on the number of inputs */
    executions?: number
}

const SECONDS = 60

const WHOLE_NUMBER = /^[1-9]\d*$/

const help = `npm run fuzz -- [TARGET] [SECONDS] [options]

Without a target each of them runs, for ${SECONDS} seconds when no time is given:
${fuzzTargets.map(({ name, about }) => `  ${name.padEnd(12)}${about}`).join("\n")}

  --quick         without sanitizers, several times as fast
  --executions N  ends after N inputs; without SECONDS the time has no limit
  --both          three quarters of the time without sanitizers, then with them, from the inputs found
  --crypto=real   targets client and server with the device's cryptography instead of a stand-in that accepts all
  --input FILE    run one input, such as a find, and say what happens
  --merge         put the smallest inputs with all edges into test/fuzz/corpus/TARGET
  --json          {"targets":{TARGET:{"executions":N,"sanitized":N,"edges":N,"crashes":N}}};
                  "sanitized": how many of the executions were under sanitizers

Examples:
  npm run fuzz -- server 600 --quick
  npm run fuzz -- --quick --executions 10000000 --json
  npm run fuzz -- server --input .cache/fuzz/server/found/crash-...
`

function fuzzerOf(target: FuzzTarget, { quick }: FuzzOptions): NativeProgram {
    return quick === true ? target.quick : target.checked
}

/** The lines of TypeScript for the code positions in a panic. */
function placesOf(output: string, image: string | undefined): string {
    const positions = /^fuzz \S+: .*; at ([\d ]+)$/m.exec(output)
    if (positions === null || image === undefined) return ""
    const map = DebugMap.load(image.replace(/\.devs$/, ".json"), root)
    return positions[1]
        .split(" ")
        .flatMap((position) => map?.lines(Number(position)) ?? [])
        .map((line) => `${line}\n`)
        .join("")
}

function run({ command, args, image }: BuiltTarget, more: string[], { quick }: FuzzOptions): FuzzResult {
    const { status, stderr } = spawnSync(command, [...args, ...more], { encoding: "utf8", maxBuffer: 1 << 28 })
    const figure = (pattern: RegExp): number => Number([...stderr.matchAll(pattern)].at(-1)?.[1] ?? 0)
    const executions = figure(/number_of_executed_units: (\d+)/g)
    return {
        executions,
        sanitized: quick === true ? 0 : executions,
        edges: figure(/ cov: (\d+)/g),
        crashes: status === 0 ? 0 : 1,
        output: stderr + placesOf(stderr, image),
    }
}

/**
 * Runs a target for a time, or until its first finding, which is saved in .cache/fuzz/TARGET/found.
 * @param seconds 0: no limit
 */
export function fuzz(target: FuzzTarget, seconds: number, options: FuzzOptions = {}): FuzzResult {
    const { crypto = "stand-in", seed, quick = false, executions } = options
    const built = target.build(fuzzerOf(target, options), crypto)
    const folders = [workFolder(target.name, `corpus-${crypto}`), committedCorpus(target.name), built.seeds]
    const flags = [
        `-max_total_time=${seconds}`,
        `-max_len=${target.maxLength}`,
        // The entropic schedule costs more time than the executions that it schedules.
        "-entropic=0",
        // Counts how often edges are passed only under sanitizers: that makes inputs longer and executions twice as
        // slow.
        `-use_counters=${quick ? 0 : 1}`,
        "-timeout=10",
        "-rss_limit_mb=2048",
        "-print_final_stats=1",
        ...(seed === undefined ? [] : [`-seed=${seed}`]),
        ...(executions === undefined ? [] : [`-runs=${executions}`]),
        `-artifact_prefix=${workFolder(target.name, "found")}/`,
    ]
    return run(built, [...flags, ...folders.filter((folder) => existsSync(folder))], options)
}

/** Runs without sanitizers for most of the time, to find inputs, and then with them, starting with all these inputs. */
export function fuzzBoth(target: FuzzTarget, seconds: number, options: FuzzOptions = {}): FuzzResult {
    const quick = fuzz(target, Math.ceil((seconds * 3) / 4), { ...options, quick: true })
    if (quick.crashes > 0) return quick
    const checked = fuzz(target, Math.max(1, Math.floor(seconds / 4)), { ...options, quick: false })
    // The two builds number edges differently, so the longer run's number is reported.
    return { ...checked, executions: quick.executions + checked.executions, edges: quick.edges }
}

/** Runs one input. */
export function runInput(target: FuzzTarget, path: string, options: FuzzOptions = {}): FuzzResult {
    const built = target.build(fuzzerOf(target, options), options.crypto ?? "stand-in")
    process.stdout.write(`${[built.command, ...built.args, path].join(" ")}\n`)
    return run(built, ["--verbose", path], options)
}

/** Regenerates a target's committed corpus: the smallest set of inputs that reaches all edges reached so far. */
export function mergeCorpus(target: FuzzTarget): void {
    const { seeds, command, args } = target.build(target.quick, "stand-in")
    const committed = committedCorpus(target.name)
    const fresh = workFolder(target.name, "merged")
    const flags = ["-merge=1", "-use_counters=0", `-max_len=${target.maxLength}`]
    const folders = [committed, workFolder(target.name, "corpus-stand-in"), seeds]
    for (const name of readdirSync(fresh)) rmSync(join(fresh, name))
    spawnSync(command, [...args, ...flags, fresh, ...folders.filter((folder) => existsSync(folder))])
    rmSync(committed, { recursive: true, force: true })
    cpSync(fresh, committed, { recursive: true })
}

function sentence(name: string, { executions, sanitized, edges, crashes }: FuzzResult): string {
    const found = crashes === 0 ? "no find" : `a find, in .cache/fuzz/${name}/found`
    return `${name}: ${executions} executions (${sanitized} under sanitizers), ${edges} edges, ${found}\n`
}

interface Chosen {
    targets: FuzzTarget[]
    seconds: number
    json: boolean
    merge: boolean
    both: boolean
    input?: string
    options: FuzzOptions
}

/** Parses the command line; returns a sentence if it is wrong. */
function choose(args: string[]): Chosen | string {
    const { values, positionals } = parseArgs({
        args,
        allowPositionals: true,
        options: {
            json: { type: "boolean", default: false },
            merge: { type: "boolean", default: false },
            quick: { type: "boolean", default: false },
            both: { type: "boolean", default: false },
            crypto: { type: "string", default: "stand-in" },
            executions: { type: "string" },
            input: { type: "string" },
        },
    })
    const { merge, json, both, quick, crypto, input } = values
    const executions = values.executions === undefined ? undefined : Number(values.executions)
    const [name, seconds = executions === undefined ? String(SECONDS) : undefined, ...others] = positionals
    const target = name === undefined ? undefined : fuzzTarget(name)
    if (name !== undefined && target === undefined)
        return `there is no target ${name}; there are ${fuzzTargets.map((one) => one.name).join(", ")}`
    if ((seconds !== undefined && !WHOLE_NUMBER.test(seconds)) || others.length > 0)
        return "after the target comes a whole number of seconds, from 1, and no more: npm run fuzz -- server 600"
    if (values.executions !== undefined && (!WHOLE_NUMBER.test(values.executions) || both))
        return "--executions is a whole number from 1, and not for --both"
    if (crypto !== "stand-in" && crypto !== "real") return "--crypto is stand-in or real"
    if (input !== undefined && (target === undefined || !existsSync(input)))
        return "--input needs a target and a file that exists"
    if (quick && both) return "--quick or --both, not the two of them"
    const targets = target === undefined ? fuzzTargets : [target]
    return { targets, seconds: Number(seconds ?? 0), json, merge, both, input, options: { quick, crypto, executions } }
}

function one(target: FuzzTarget, chosen: Chosen): FuzzResult {
    const { seconds, json, both, input, options } = chosen
    const run = both ? fuzzBoth : fuzz
    const result = input === undefined ? run(target, seconds, options) : runInput(target, input, options)
    if (result.crashes > 0) process.stderr.write(result.output.split("\n").slice(-60).join("\n"))
    if (input !== undefined) process.stdout.write(result.crashes === 0 ? "the input does no harm\n" : "")
    else if (!json) process.stdout.write(sentence(target.name, result))
    return result
}

/** @returns the exit code: 0 without a finding, 1 with one, 2 for a wrong command line */
function main(args: string[]): number {
    if (args.includes("--help")) {
        process.stdout.write(help)
        return 0
    }
    let chosen: Chosen | string
    try {
        chosen = choose(args)
    } catch (error) {
        chosen = (error as Error).message
    }
    if (typeof chosen === "string") {
        process.stderr.write(`fuzz: ${chosen}\n`)
        return 2
    }
    const { targets, merge, json } = chosen
    const missing = targets.map(({ checked }) => missingFor(checked)).find((sentence) => sentence !== undefined)
    if (missing !== undefined) {
        process.stderr.write(
            `fuzz: ${missing}; please run: sudo apt-get install clang libclang-rt-dev libmbedtls-dev\n`,
        )
        return 2
    }
    if (merge) {
        targets.forEach(mergeCorpus)
        return 0
    }
    const results: Record<string, Omit<FuzzResult, "output">> = {}
    for (const target of targets) {
        const { executions, sanitized, edges, crashes } = one(target, chosen)
        results[target.name] = { executions, sanitized, edges, crashes }
    }
    if (json) process.stdout.write(`${JSON.stringify({ targets: results })}\n`)
    return Object.values(results).some(({ crashes }) => crashes > 0) ? 1 : 0
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) process.exitCode = main(process.argv.slice(2))
