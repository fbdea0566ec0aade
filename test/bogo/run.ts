import { spawnSync } from "node:child_process"
import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { root } from "../../host/folders.js"
import { temporaryFolder } from "../../host/temporary.js"

/*
 * npm run bogo -- RUNNER [options of the runner]: BoringSSL's test runner against this engine, see docs/bogo.md.
 * RUNNER is the runner's test program, which `go test -c` makes.
 */

const exclusions = join(root, "test", "bogo", "exclusions.json")

/** The shim as plain JavaScript, so that one test starts in a tenth of a second. @returns its path */
function buildShim(): string {
    const folder = temporaryFolder("bogo")
    const compiler = join(root, "node_modules", "typescript-native", "bin", "tsc")
    const project = join(root, "test", "bogo", "tsconfig.json")
    const args = [compiler, "-p", project, "--outDir", folder]
    const { status } = spawnSync(process.execPath, args, { stdio: "inherit" })
    if (status !== 0) throw new Error("the shim does not compile")
    writeFileSync(join(folder, "package.json"), '{"type":"module"}')
    const shim = join(folder, "shim")
    writeFileSync(shim, `#!/bin/sh\nexec "${process.execPath}" "${join(folder, "test/bogo/shim.js")}" "$@"\n`)
    chmodSync(shim, 0o755)
    return shim
}

/** What the runner says of each test, by result. */
interface Results {
    tests: Record<string, { actual: string; is_unexpected: boolean }>
}

function summary(file: string): string {
    const { tests } = JSON.parse(readFileSync(file, "utf8")) as Results
    const all = Object.values(tests)
    const count = (actual: string): number => all.filter((test) => test.actual === actual).length
    return `${all.length} tests: ${count("PASS")} passed, ${count("FAIL")} failed, ${count("SKIP")} not implemented by the shim`
}

const [runner, ...options] = process.argv.slice(2)
if (runner === undefined || !existsSync(runner)) {
    console.error("usage: npm run bogo -- RUNNER [options], where RUNNER is BoringSSL's runner.test; see docs/bogo.md")
    process.exit(2)
}
const shim = buildShim()
const results = join(dirname(shim), "results.json")
const ours = ["-shim-path", shim, "-shim-config", exclusions, "-json-output", results]
const lenient = ["-allow-unimplemented", "-loose-errors", "-test", "*DTLS*"]
const { status } = spawnSync(runner, [...ours, ...lenient, ...options], { stdio: "inherit" })
if (existsSync(results)) console.log(summary(results))
process.exitCode = status ?? 1
