import { strictEqual } from "node:assert/strict"
import { spawnSync } from "node:child_process"
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { root } from "../../host/folders.js"
import { temporaryFolder } from "../../host/temporary.js"
import { keptFolder } from "./kept.js"

export interface Told {
    code: number | null
    out: string
    err: string
}

export function run(folder: string, program: string, ...args: string[]): Told {
    const { status, stdout, stderr } = spawnSync(program, args, { cwd: folder, encoding: "utf8", timeout: 600000 })
    return { code: status, out: stdout, err: stderr }
}

/** Like `run`, but throws on failure. @returns standard output */
export function must(folder: string, program: string, ...args: string[]): string {
    const { code, out, err } = run(folder, program, ...args)
    strictEqual(code, 0, `${program} ${args.join(" ")}: ${out}${err}`)
    return out
}

let installed: string | undefined

/** A folder, only for this process, with the package installed from its tarball. */
export function installedPackage(): string {
    if (installed !== undefined) return installed
    const folder = join(temporaryFolder("package"), "installed")
    cpSync(packedPackage(), folder, { recursive: true, verbatimSymlinks: true })
    return (installed = folder)
}

/** The package's sources. */
const SOURCES = {
    files: ["package.json", "package-lock.json", "tsconfig.json", "tsconfig.build.json", "README.md", "LICENSE"],
    folders: ["src", "host", "firmware", "boards", "template", "docs", "create-mote-dtls"],
}

/** Like `installedPackage`, but packed once for all processes, and again when a source has changed. */
export function packedPackage(): string {
    return keptFolder("packed", SOURCES, (fresh) => {
        mkdirSync(fresh)
        pack(fresh)
    })
}

function pack(folder: string): void {
    must(root, "npm", "run", "-s", "prepack")
    const options = ["pack", "--silent", "--ignore-scripts", "--pack-destination", folder]
    const tarballs = [".", "./create-mote-dtls"].map((place) => must(root, "npm", ...options, place).trim())
    writeFileSync(join(folder, "package.json"), '{ "type": "module" }')
    const offline = ["--offline", "--ignore-scripts", "--silent", "--no-audit", "--no-fund"]
    must(folder, "npm", "install", ...offline, ...tarballs.map((name) => `./${name}`))
}

/**
 * Packages that `npm install` would download for a project of `mote init`; here they are linked from the repository.
 */
const TOOLS = ["@devicescript", "@types", "mocha", "tsx"]

/** Installs the packed package and these tools in a project of `mote init`. */
export function installTools(project: string): void {
    const modules = join(project, "node_modules")
    mkdirSync(join(modules, ".bin"), { recursive: true })
    cpSync(join(installedPackage(), "node_modules", "mote-dtls"), join(modules, "mote-dtls"), { recursive: true })
    for (const name of TOOLS) symlinkSync(join(root, "node_modules", name), join(modules, name))
    symlinkSync("../mote-dtls/dist/host/cli/main.js", join(modules, ".bin", "mote"))
    symlinkSync("../mocha/bin/mocha.js", join(modules, ".bin", "mocha"))
}
