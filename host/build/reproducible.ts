/*
 * npm run reproducible: builds the package, and the firmware of the boards that run here, in two folders from the files
 * under version control, and compares the results byte by byte.
 */
import { spawnSync } from "node:child_process"
import { createHash } from "node:crypto"
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { root } from "../folders.js"
import { temporaryFolder } from "../temporary.js"
import { missingForBoard } from "./rv32.js"

const BOARDS = ["posix", "rv32-virt"]

const CONFIGURATION = {
    program: "../src/sensor/main.ts",
    target: "coaps://192.0.2.1/readings",
    name: "urn:mote:device:",
    interval: 60000,
    credentials: "credentials.json",
}

function run(folder: string, command: string, ...args: string[]): string {
    const env = { ...process.env, SOURCE_DATE_EPOCH: "1700000000" }
    const { status, stdout, stderr } = spawnSync(command, args, { cwd: folder, encoding: "utf8", env })
    if (status !== 0) throw new Error(`${command} ${args.join(" ")} failed:\n${stdout}${stderr}`)
    return stdout
}

/** Copies the files under version control, and the dependencies. */
function copyTo(folder: string): void {
    for (const path of run(root, "git", "ls-files", "-z").split("\0").filter(Boolean)) {
        mkdirSync(dirname(join(folder, path)), { recursive: true })
        cpSync(join(root, path), join(folder, path))
    }
    symlinkSync(join(root, "node_modules"), join(folder, "node_modules"))
}

function hashes(folder: string, under: string): [string, string][] {
    const files = readdirSync(join(folder, under), { recursive: true, withFileTypes: true }).filter((one) =>
        one.isFile(),
    )
    return files.map((one): [string, string] => {
        const path = join(one.parentPath, one.name)
        return [path.slice(folder.length + 1), createHash("sha256").update(readFileSync(path)).digest("hex")]
    })
}

/** @returns hashes of the results, by path */
function make(folder: string): Map<string, string> {
    copyTo(folder)
    run(folder, "npm", "run", "--silent", "package")
    const project = join(folder, "project")
    mkdirSync(project)
    writeFileSync(join(project, "credentials.json"), `{ "identity": "sensor1", "key": "${"00".repeat(16)}" }`, {
        mode: 0o600,
    })
    for (const board of BOARDS) {
        writeFileSync(join(project, "devs.config.json"), JSON.stringify({ ...CONFIGURATION, board }))
        run(folder, "npm", "run", "--silent", "mote", "--", "build", "--config", "project/devs.config.json")
    }
    const tarballs = readdirSync(folder).filter((name) => name.endsWith(".tgz"))
    const packed = tarballs.map((name): [string, string] => [
        name,
        createHash("sha256")
            .update(readFileSync(join(folder, name)))
            .digest("hex"),
    ])
    return new Map([...packed, ...hashes(folder, join("project", "build"))])
}

const missing = missingForBoard()
if (missing !== undefined) {
    console.error(`reproducible: ${missing}`)
    process.exit(1)
}
const [first, second] = ["one", "another"].map((name) => make(join(temporaryFolder("reproducible"), name)))
const different = [...first].filter(([path, hash]) => second.get(path) !== hash)
for (const [path, hash] of first)
    console.log(`${different.some(([other]) => other === path) ? "DIFFERS" : hash.slice(0, 16)}  ${path}`)
console.log(`${first.size} files made twice, ${different.length} differ`)
process.exit(different.length === 0 && first.size > 0 && first.size === second.size ? 0 : 1)
