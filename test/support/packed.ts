import { strictEqual } from "node:assert/strict"
import { spawnSync } from "node:child_process"
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { root } from "../../host/folders.js"
import { temporaryFolder } from "../../host/temporary.js"

export interface Told {
    code: number | null
    out: string
    err: string
}

export function run(folder: string, program: string, ...args: string[]): Told {
    const { status, stdout, stderr } = spawnSync(program, args, { cwd: folder, encoding: "utf8", timeout: 600000 })
    return { code: status, out: stdout, err: stderr }
}

/** As `run`, for what has to succeed. @returns standard output */
export function must(folder: string, program: string, ...args: string[]): string {
    const { code, out, err } = run(folder, program, ...args)
    strictEqual(code, 0, `${program} ${args.join(" ")}: ${out}${err}`)
    return out
}

let installed: string | undefined

/** A folder with the packed package installed, from nothing but its tarball; packed once for all tests. */
export function installedPackage(): string {
    if (installed !== undefined) return installed
    const folder = temporaryFolder("package")
    must(root, "npm", "run", "-s", "prepack")
    const pack = ["pack", "--silent", "--ignore-scripts", "--pack-destination", folder]
    const tarballs = [".", "./create-mote-dtls"].map((place) => must(root, "npm", ...pack, place).trim())
    writeFileSync(join(folder, "package.json"), '{ "type": "module" }')
    const offline = ["--offline", "--ignore-scripts", "--silent", "--no-audit", "--no-fund"]
    must(folder, "npm", "install", ...offline, ...tarballs.map((name) => join(folder, name)))
    return (installed = folder)
}

/** What `npm install` would fetch for a project of `mote init`: here it is the repository's. */
const TOOLS = ["@devicescript", "@types", "mocha", "tsx"]

/** Installs the packed package and the tools into a project of `mote init`. */
export function installTools(project: string): void {
    const modules = join(project, "node_modules")
    mkdirSync(join(modules, ".bin"), { recursive: true })
    cpSync(join(installedPackage(), "node_modules", "mote-dtls"), join(modules, "mote-dtls"), { recursive: true })
    for (const name of TOOLS) symlinkSync(join(root, "node_modules", name), join(modules, name))
    symlinkSync("../mote-dtls/dist/host/cli/main.js", join(modules, ".bin", "mote"))
    symlinkSync("../mocha/bin/mocha.js", join(modules, ".bin", "mocha"))
}
