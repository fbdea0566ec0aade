/*
 * npm run versions [-- MAJOR...] [--theme THEME...]: runs the tests, all or those of some themes, and npm start on the
 * newest release of each major version of Node that package.json's "engines" allows and that has long-term support. The
 * programs come from npm's packages node-PLATFORM-ARCHITECTURE, and are stored below .cache/node.
 */
import { spawnSync } from "node:child_process"
import { mkdirSync, writeFileSync } from "node:fs"
import { delimiter, join } from "node:path"
import { parseArgs } from "node:util"
import { cacheFolder, root } from "../host/folders.js"

/** Versions with long-term support (https://github.com/nodejs/release). */
const SUPPORTED = ["20", "22", "24"]

const packageName = `node-${process.platform === "win32" ? "win" : process.platform}-${process.arch}`

/** Installs a version if it is missing. @returns the folder of its program */
function installed(major: string): string {
    const folder = join(cacheFolder("node"), major)
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, "package.json"), '{ "private": true }')
    const quiet = ["--ignore-scripts", "--silent", "--no-audit", "--no-fund", "--prefix", folder]
    const { status } = spawnSync("npm", ["install", ...quiet, `${packageName}@${major}`], { stdio: "inherit" })
    if (status !== 0) throw new Error(`npm has no ${packageName}@${major}`)
    return join(folder, "node_modules", packageName, "bin")
}

/** Runs an npm command on that Node. @returns whether its exit code is 0 */
function passes(bin: string, args: string[]): boolean {
    const env = { ...process.env, PATH: `${bin}${delimiter}${process.env["PATH"]}` }
    return spawnSync("npm", args, { cwd: root, env, stdio: "inherit" }).status === 0
}

const { values, positionals } = parseArgs({
    options: { theme: { type: "string", multiple: true } },
    allowPositionals: true,
})
const commands = [
    ...(values.theme?.map((theme) => ["run", "-s", theme === "check" ? theme : `test:${theme}`]) ?? [["test"]]),
    ["start", "--", "--count", "3"],
]
const results: string[] = []
for (const major of positionals.length > 0 ? positionals : SUPPORTED) {
    const bin = installed(major)
    const version = spawnSync(join(bin, "node"), ["--version"], { encoding: "utf8" }).stdout.trim()
    for (const args of commands) {
        const isPassed = passes(bin, args)
        results.push(`Node ${version}: npm ${args.join(" ")}: ${isPassed ? "passed" : "FAILED"}`)
        if (!isPassed) process.exitCode = 1
    }
}
for (const line of results) console.log(line)
