import { spawnSync } from "node:child_process"
import { chmodSync, existsSync, readFileSync, symlinkSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { cachedProgramImage } from "../../host/build/device.js"
import { programSources } from "../../host/build/program-sources.js"
import { compiledMachine } from "../../host/build/wasm.js"
import { root } from "../../host/folders.js"
import { temporaryFolder } from "../../host/temporary.js"

/*
 * npm run bogo -- RUNNER [--machine] [options of the runner]: runs BoringSSL's test runner against this engine, see
 * docs/bogo.md. RUNNER is the runner's test program, made by `go test -c`. With --machine the engine runs in the
 * machine, as in the simulator.
 */

/** Exit status of a shim that does not support a test. */
const UNIMPLEMENTED = 89

const exclusions = join(root, "test", "bogo", "exclusions.json")

/** The module that chooses record forms, in the folder of either language. */
const PROTECTION = join("src", "dtls", "record", "v13", "protection")

/**
 * The runner only reads DTLS 1.3 records in the form that BoringSSL sends: with a 16-bit number and a length. This
 * engine sends shorter ones if RFC 9147 §4 allows it, so the shim's copy of the engine is patched to send long ones.
 */
const LONG_RECORDS = [
    ["sequence < SHORT_NUMBERS ? 1 : 2", "2"],
    ["const lengthBit = withLength ?", "withLength = true;\n        const lengthBit = withLength ?"],
]

function withLongRecords(source: string): string {
    let code = source
    for (const [own, long] of LONG_RECORDS) {
        if (code.split(own).length !== 2) throw new Error(`not once in ${PROTECTION}: ${own}`)
        code = code.replace(own, long)
    }
    return code
}

/** Builds the program and the machine for the shim. @returns environment variables with their paths */
async function buildForMachine(): Promise<string> {
    const program = programSources(join(root, "test", "bogo", "machine", "main.ts"))
    const place = `${PROTECTION}.ts`
    program.files.set(place, withLongRecords(program.files.get(place) ?? ""))
    return `BOGO_MACHINE="${await compiledMachine()}" BOGO_IMAGE="${cachedProgramImage(program).path}"`
}

/** Builds the shim as plain JavaScript, so that a test starts in a tenth of a second. @returns its path */
function buildShim(variables: string): string {
    const folder = temporaryFolder("bogo")
    const compiler = join(root, "node_modules", "typescript-native", "bin", "tsc")
    const project = join(root, "test", "bogo", "tsconfig.json")
    const args = [compiler, "-p", project, "--outDir", folder]
    const { status } = spawnSync(process.execPath, args, { stdio: "inherit" })
    if (status !== 0) throw new Error("the shim does not compile")
    const protection = join(folder, `${PROTECTION}.js`)
    writeFileSync(protection, withLongRecords(readFileSync(protection, "utf8")))
    writeFileSync(join(folder, "package.json"), '{"type":"module"}')
    // For ML-KEM, if node:crypto does not support it.
    symlinkSync(join(root, "node_modules"), join(folder, "node_modules"))
    const shim = join(folder, "shim")
    writeFileSync(
        shim,
        `#!/bin/sh\nBOGO_REASONS="${join(folder, "reasons")}" ${variables} exec "${process.execPath}" "${join(folder, "test/bogo/shim.js")}" "$@"\n`,
    )
    chmodSync(shim, 0o755)
    return shim
}

/** The runner's results by kind. */
interface Results {
    tests: Record<string, { actual: string; is_unexpected: boolean }>
}

/** DTLS 1.3 tests have it in their names; all others are for DTLS 1.2, or for both. */
const isNewer = (name: string): boolean => /TLS13|^KeyUpdate|^PSK-/.test(name)

function figures(names: string[], tests: Results["tests"]): string {
    const count = (actual: string): number => names.filter((name) => tests[name].actual === actual).length
    return `${names.length} tests: ${count("PASS")} passed, ${count("FAIL")} failed, ${count("SKIP")} not implemented by the shim`
}

function tally(reasons: string[]): string[] {
    const counts = new Map<string, number>()
    for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1)
    const sorted = [...counts].sort(([, a], [, b]) => b - a)
    return sorted.map(([reason, count]) => `${String(count).padStart(6)}  ${reason}`)
}

/**
 * Names of all tests that the options select, including excluded ones: the runner passes them to a shim that supports
 * nothing.
 */
function allNames(runner: string, folder: string, choice: string[]): string[] {
    const idle = join(folder, "idle-shim")
    writeFileSync(idle, `#!/bin/sh\n[ "$1" = -is-handshaker-supported ] && echo No && exit 0\nexit ${UNIMPLEMENTED}\n`)
    chmodSync(idle, 0o755)
    const file = join(folder, "names.json")
    const args = ["-shim-path", idle, "-json-output", file, "-allow-unimplemented", "-include-disabled", ...choice]
    spawnSync(runner, args, { stdio: "ignore" })
    return Object.keys((JSON.parse(readFileSync(file, "utf8")) as Results).tests)
}

/** The runner's patterns support only `*`. */
function matches(pattern: string, name: string): boolean {
    const parts = pattern.split("*").map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"))
    return new RegExp(`^${parts.join(".*")}$`).test(name)
}

function reasonsOfExclusions(names: string[]): string[] {
    const { DisabledTests } = JSON.parse(readFileSync(exclusions, "utf8")) as { DisabledTests: Record<string, string> }
    const patterns = Object.entries(DisabledTests)
    return names.flatMap((name) => patterns.find(([pattern]) => matches(pattern, name))?.[1] ?? [])
}

function summary(folder: string, all: string[]): string {
    const { tests } = JSON.parse(readFileSync(join(folder, "results.json"), "utf8")) as Results
    const run = Object.keys(tests)
    const reasons = join(folder, "reasons")
    const missing = existsSync(reasons) ? readFileSync(reasons, "utf8").trim().split("\n") : []
    const excluded = reasonsOfExclusions(all.filter((name) => tests[name] === undefined))
    return [
        `not implemented by the shim:`,
        ...tally(missing),
        `${excluded.length} tests excluded:`,
        ...tally(excluded),
        `DTLS 1.2: ${figures(
            run.filter((name) => !isNewer(name)),
            tests,
        )}`,
        `DTLS 1.3: ${figures(run.filter(isNewer), tests)}`,
    ].join("\n")
}

const [runner, ...others] = process.argv.slice(2)
const options = others.filter((option) => option !== "--machine")
if (runner === undefined || !existsSync(runner)) {
    console.error(
        "usage: npm run bogo -- RUNNER [--machine] [options], where RUNNER is BoringSSL's runner.test; see docs/bogo.md",
    )
    process.exit(2)
}
const shim = buildShim(others.includes("--machine") ? await buildForMachine() : "")
const folder = dirname(shim)
const results = join(folder, "results.json")
const choice = ["-test", "*DTLS*", ...options]
const ours = ["-shim-path", shim, "-shim-config", exclusions, "-json-output", results]
const { status } = spawnSync(runner, [...ours, "-allow-unimplemented", "-loose-errors", ...choice], {
    stdio: "inherit",
})
if (existsSync(results)) console.log(summary(folder, allNames(runner, folder, choice)))
process.exitCode = status ?? 1
