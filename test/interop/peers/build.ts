import { spawnSync } from "node:child_process"
import { createHash } from "node:crypto"
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs"
import { userInfo } from "node:os"
import { dirname, join } from "node:path"
import { cacheFolder, root } from "../../../host/folders.js"

/** Peers without a program in Debian, or with one that lacks what is tried: each is a small one of ours around a library. */
export type BuiltPeer = "pion" | "wolfssl"

/** Versions of the libraries. */
export const builtVersions: Record<BuiltPeer, string> = { pion: "4.0.1", wolfssl: "5.9.4" }

const folders = join(root, "test", "interop", "peers")

/** What is needed to build a peer. */
export const buildNeeds: Record<BuiltPeer, string[]> = { pion: ["go"], wolfssl: ["cargo", "gcc"] }

function run(cwd: string, command: string, ...args: string[]): string {
    const { status, stdout, stderr, error } = spawnSync(command, args, {
        cwd,
        encoding: "utf8",
        maxBuffer: 2 ** 26,
        // Toolchains and their caches lie in the user's home, wherever a run of the tests has put HOME.
        env: { ...process.env, HOME: userInfo().homedir },
    })
    if (status !== 0)
        throw new Error(`${command} ${args[0]} failed in ${cwd}: ${error?.message ?? stderr.slice(-2000)}`)
    return stdout
}

const failures = new Map<BuiltPeer, unknown>()

/** The program of a peer; built when it is not there, with its library from the Go proxy or crates.io. Throws why not. */
export function peerProgram(peer: BuiltPeer): string {
    if (failures.has(peer)) throw failures.get(peer)
    try {
        return built(peer)
    } catch (error) {
        failures.set(peer, error)
        throw error
    }
}

function built(peer: BuiltPeer): string {
    const source = join(folders, peer)
    const hash = createHash("sha256")
    for (const name of readdirSync(source).sort()) hash.update(readFileSync(join(source, name)))
    const folder = cacheFolder("peers")
    const program = join(folder, `${peer}-${hash.digest("hex").slice(0, 16)}`)
    if (existsSync(program)) return program
    mkdirSync(folder, { recursive: true })
    const fresh = `${program}.${process.pid}`
    if (peer === "pion") run(source, "go", "build", "-trimpath", "-o", fresh, ".")
    else buildWolfSsl(source, fresh)
    renameSync(fresh, program)
    return program
}

/** wolfSSL's sources, in the crate that Cargo fetched. */
function wolfSslSource(source: string): string {
    const { packages } = JSON.parse(run(source, "cargo", "metadata", "--locked", "--format-version", "1")) as {
        packages: { name: string; manifest_path: string }[]
    }
    const crate = packages.find(({ name }) => name === "wolfssl-sys")
    if (crate === undefined) throw new Error("Cargo knows no wolfssl-sys")
    return join(dirname(crate.manifest_path), "wolfssl-src")
}

/** Files that others include. */
const INCLUDED = /^(bio|conf|pk|pk_\w+|x509\w*|ssl_\w+|evp\w*)\.c$/

function buildWolfSsl(source: string, program: string): void {
    const library = wolfSslSource(source)
    const units = ["src", join("wolfcrypt", "src")].flatMap((folder) =>
        readdirSync(join(library, folder))
            .filter((name) => name.endsWith(".c") && !name.endsWith("_asm.c") && !INCLUDED.test(name))
            .map((name) => join(library, folder, name)),
    )
    const objects = `${program}.o`
    mkdirSync(objects)
    try {
        const flags = ["-O0", "-w", "-DWOLFSSL_USER_SETTINGS", "-I", source, "-I", library]
        run(objects, "gcc", ...flags, "-c", ...units)
        run(objects, "ar", "rcs", "wolfssl.a", ...readdirSync(objects))
        run(source, "gcc", ...flags, "peer.c", join(objects, "wolfssl.a"), "-lm", "-o", program)
    } finally {
        rmSync(objects, { recursive: true })
    }
}
