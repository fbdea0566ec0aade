import { type Command } from "commander"
import { randomBytes } from "node:crypto"
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { basename, dirname, join, relative, resolve } from "node:path"
import { UsageError } from "../credentials.js"
import { root } from "../folders.js"
import { exiting } from "./exit-code.js"
import { printText } from "./output.js"

const description =
    "Creates a project for a sensor of your own: a program of ten lines, its configuration with a fresh key, a " +
    "test, tasks for VS Code and a configuration for PlatformIO. Existing files are not overwritten."

export function addInitCommand(program: Command): void {
    program
        .command("init")
        .summary("create a project for a sensor of your own")
        .description(description)
        .argument("<DIR>", "the folder")
        .helpOption("-h, --help", "show this help")
        .action(exiting(initCommand))
}

const template = join(root, "template")

/** Files that npm would interpret, or leave out of the package, under their real names. */
const RENAMED: Record<string, string> = { gitignore: ".gitignore", vscode: ".vscode" }

interface OwnManifest {
    version: string
    devDependencies: Record<string, string>
}

/** The values for names in double braces in the template; tools have the versions that Mote itself is tested with. */
function values(name: string): Record<string, string> {
    const { version, devDependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as OwnManifest
    return { ...devDependencies, version, name }
}

function fill(text: string, known: Record<string, string>): string {
    return text.replace(/\{\{([^}]+)\}\}/g, (_all, name: string) => known[name])
}

/** A name that npm accepts, derived from the folder's. */
function packageName(folder: string): string {
    const name = basename(folder)
        .toLowerCase()
        .replace(/[^a-z0-9-]+/g, "-")
        .replace(/^-+|-+$/g, "")
    return name === "" ? "sensor" : name
}

/** Contents of the files to write, by path relative to the new folder. */
function contents(folder: string): Map<string, string> {
    const known = values(packageName(folder))
    const files = readdirSync(template, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
    const texts = files.map((entry): [string, string] => {
        const path = join(entry.parentPath, entry.name)
        const [first, ...rest] = relative(template, path).split(/[\\/]/)
        return [join(RENAMED[first] ?? first, ...rest), fill(readFileSync(path, "utf8"), known)]
    })
    const credentials = { identity: known["name"], key: randomBytes(16).toString("hex") }
    return new Map([...texts, ["device-credentials.json", `${JSON.stringify(credentials, null, 4)}\n`]])
}

/** Writes a project. Throws UsageError if one of its files exists, and then writes none. */
export function makeProject(folder: string): string[] {
    const files = contents(folder)
    const taken = [...files.keys()].find((path) => existsSync(join(folder, path)))
    if (taken !== undefined)
        throw new UsageError(`${join(folder, taken)} is there already, and nothing was written: choose another folder`)
    for (const [path, text] of files) write(join(folder, path), text)
    return [...files.keys()].sort()
}

function write(path: string, text: string): void {
    const mode = basename(path) === "device-credentials.json" ? 0o600 : 0o666
    try {
        mkdirSync(dirname(path), { recursive: true })
        writeFileSync(path, text, { mode, flag: "wx" })
    } catch (error) {
        const code = (error as NodeJS.ErrnoException).code ?? "error"
        throw new UsageError(`cannot write ${path} (${code}): choose another folder`)
    }
}

/** @returns exit code */
function initCommand(folder: string): number {
    const files = makeProject(resolve(folder))
    const lines = [
        `${folder} has a sensor:`,
        ...files.map((path) => `  ${path}`),
        "",
        "Next:",
        `  cd ${folder}`,
        "  npm install",
        "  npm start      # the sensor in the simulator, with a gateway",
        "  npm test",
    ]
    printText(lines.join("\n"))
    return 0
}
