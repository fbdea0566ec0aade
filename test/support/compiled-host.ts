import { spawnSync } from "node:child_process"
import { join } from "node:path"
import { root } from "../../host/folders.js"
import { keptFolder } from "./kept.js"

const SOURCES = {
    files: ["package-lock.json", "tsconfig.json", "tsconfig.build.json"],
    folders: ["src", "host"],
}

let compiled: string | undefined

/**
 * A folder with src and host as JavaScript, compiled once for all processes. Tests run commands from there: they start
 * in a third of the time, and like those of users who have the package.
 */
export function compiledHost(): string {
    compiled ??= keptFolder("compiled-host", SOURCES, compile)
    return compiled
}

function compile(folder: string): void {
    const compiler = join("node_modules", "typescript-native", "bin", "tsc")
    const options = ["--outDir", folder, "--declaration", "false", "--inlineSources", "false", "--sourceMap", "false"]
    const args = [compiler, "-p", "tsconfig.build.json", ...options]
    const { status, stdout } = spawnSync(process.execPath, args, { cwd: root, encoding: "utf8" })
    if (status !== 0) throw new Error(`src and host do not compile:\n${stdout}`)
}
