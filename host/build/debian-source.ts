import { spawnSync } from "node:child_process"
import { mkdirSync, readdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { cacheFolder } from "../folders.js"
import { exclusively, makeOnce } from "./make-once.js"

/**
 * Source packages of Debian 12, in the versions with which the board is built. apt verifies their signatures with
 * Debian's keys; it runs in a folder of its own, without root privileges and without the system's package lists.
 */
export const boardLibraries = {
    mbedtls: { version: "2.28.3-1", folder: "mbedtls-2.28.3" },
    lwip: { version: "2.1.3+dfsg1-2", folder: "lwip-2.1.3" },
}

const RELEASE = "bookworm"

const workshop = cacheFolder("debian")

/** The machine's own Debian mirror, for source packages instead of binary ones. */
function sourcesList(): string {
    const format = "$(REPO_URI)|$(RELEASE)|$(COMPONENT)|$(SIGNED_BY)"
    const run = spawnSync("apt-get", ["indextargets", "--format", format, "Created-By: Packages"], { encoding: "utf8" })
    if (run.status !== 0) throw new Error("apt-get is not there: the board's libraries come from Debian 12")
    const targets = run.stdout.split("\n").map((line) => line.split("|"))
    const main = targets.find(([, release, component]) => release === RELEASE && component === "main")
    if (main === undefined) throw new Error(`this machine has no mirror of Debian ${RELEASE}`)
    const signed = main[3].startsWith("/") ? [`Signed-By: ${main[3]}`] : []
    return ["Types: deb-src", `URIs: ${main[0]}`, `Suites: ${RELEASE}`, "Components: main", ...signed, ""].join("\n")
}

function apt(...args: string[]): string | undefined {
    const state = join(workshop, "apt")
    for (const folder of ["lists/partial", "cache/archives/partial"])
        mkdirSync(join(state, folder), { recursive: true })
    writeFileSync(join(state, "debian.sources"), sourcesList())
    const options = {
        "Dir::Etc::sourcelist": join(state, "debian.sources"),
        "Dir::Etc::sourceparts": "/dev/null",
        "Dir::State::lists": join(state, "lists"),
        "Dir::Cache": join(state, "cache"),
        "APT::Sandbox::User": "",
    }
    const set = Object.entries(options).flatMap(([name, value]) => ["-o", `${name}=${value}`])
    const run = spawnSync("apt-get", ["-qq", ...set, ...args], { cwd: workshop, encoding: "utf8" })
    return run.status === 0 ? undefined : (run.error?.message ?? run.stderr)
}

function unpack(name: keyof typeof boardLibraries, folder: string): void {
    const { version } = boardLibraries[name]
    const download = ["source", "--download-only", `${name}=${version}`]
    // Locked, because apt has one set of lists for all packages.
    const failed = exclusively(join(workshop, "apt"), () => apt("update") ?? apt(...download))
    if (failed !== undefined) throw new Error(`Debian's source package ${name} ${version} cannot be had: ${failed}`)
    const archive = readdirSync(workshop).find((file) => file.startsWith(`${name}_`) && file.includes(".orig.tar."))
    if (archive === undefined) throw new Error(`the source package ${name} has no .orig.tar`)
    mkdirSync(folder)
    const tar = spawnSync("tar", ["xf", join(workshop, archive), "-C", folder, "--strip-components=1"])
    if (tar.status !== 0) throw new Error(`${archive} cannot be unpacked: ${String(tar.stderr)}`)
}

/** The folder of a source package, downloaded from Debian if it is missing. Throws an error that says what to do. */
export function debianSource(name: keyof typeof boardLibraries): string {
    return makeOnce(join(workshop, boardLibraries[name].folder), (fresh) => unpack(name, fresh))
}
