import { spawnSync } from "node:child_process"
import { createHash } from "node:crypto"
import {
    appendFileSync,
    chmodSync,
    copyFileSync,
    existsSync,
    mkdirSync,
    readdirSync,
    readFileSync,
    renameSync,
    rmSync,
    writeFileSync,
} from "node:fs"
import { userInfo } from "node:os"
import { dirname, join } from "node:path"
import { cacheFolder, root } from "../../../host/folders.js"

/**
 * Peers without a program in Debian, or whose program there lacks what is tested: each is a small program of ours
 * around a library.
 */
export type BuiltPeer =
    | "aiocoap"
    | "californium"
    | "dimpl"
    | "leshan"
    | "mbedtls"
    | "node-dtls-client"
    | "pion"
    | "scandium"
    | "tinydtls"
    | "werift"
    | "wolfssl"

/** Versions of the libraries. */
export const builtVersions: Record<BuiltPeer, string> = {
    aiocoap: "0.4.17",
    californium: "3.13.0",
    dimpl: "0.9.0",
    leshan: "2.0.0-M15",
    mbedtls: "3.6.5",
    pion: "4.0.1",
    "node-dtls-client": "1.1.1",
    scandium: "3.13.0",
    tinydtls: "0.8.6",
    werift: "0.5.8",
    wolfssl: "5.9.4",
}

const folders = join(root, "test", "interop", "peers")

/** Programs needed to build a peer. */
export const buildNeeds: Record<BuiltPeer, string[]> = {
    aiocoap: ["python3", "gcc", "autoconf", "automake"],
    californium: ["mvn", "javac", "jar", "sha256sum"],
    dimpl: ["cargo", "gcc"],
    leshan: ["mvn", "javac", "jar", "sha256sum"],
    mbedtls: ["cargo", "gcc"],
    pion: ["go"],
    "node-dtls-client": ["npm"],
    scandium: ["mvn", "javac", "jar", "sha256sum"],
    tinydtls: ["cargo", "gcc"],
    werift: ["npm"],
    wolfssl: ["cargo", "gcc"],
}

/** A C library in a crate of Cargo.toml. */
interface Library {
    crate: string
    /** its source, inside the crate */
    source: string
    /** folders of `source` to compile, and to include */
    units: string[]
    headers: string[]
    /** files that are included by others, or for other machines */
    except?: RegExp
    /** how it finds its configuration, which is next to the program */
    define: string
}

const libraries: Partial<Record<BuiltPeer, Library>> = {
    mbedtls: {
        crate: "mbedtls-rs-sys",
        source: "mbedtls",
        units: ["library"],
        headers: ["include", "library"],
        define: 'MBEDTLS_CONFIG_FILE="config.h"',
    },
    tinydtls: {
        crate: "tinydtls-sys",
        source: join("src", "tinydtls"),
        units: [".", "aes", "ecc", "sha2"],
        headers: ["."],
        except: /^(test\w*|sha2\w+)\.c$/,
        define: "WITH_POSIX",
    },
    wolfssl: {
        crate: "wolfssl-sys",
        source: "wolfssl-src",
        units: ["src", join("wolfcrypt", "src")],
        headers: ["."],
        except: /^(bio|conf|pk|pk_\w+|x509\w*|ssl_\w+|evp\w*|.*_asm)\.c$/,
        define: "WOLFSSL_USER_SETTINGS",
    },
}

function run(cwd: string, command: string, ...args: string[]): string {
    const { status, stdout, stderr, error } = spawnSync(command, args, {
        cwd,
        encoding: "utf8",
        maxBuffer: 2 ** 26,
        // Toolchains and their caches are in the user's home, wherever a test run has set HOME.
        env: { ...process.env, HOME: userInfo().homedir },
    })
    if (status !== 0)
        throw new Error(`${command} ${args[0]} failed in ${cwd}: ${error?.message ?? stderr.slice(-2000)}`)
    return stdout
}

const failures = new Map<BuiltPeer, unknown>()

/**
 * A peer's program, built if it is missing, with the library from its language's registry. Throws the reason if it
 * cannot be built.
 */
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
    const hash = createHash("sha256").update(builtVersions[peer])
    for (const name of readdirSync(source).sort()) hash.update(readFileSync(join(source, name)))
    const folder = cacheFolder("peers")
    const program = join(folder, `${peer}-${hash.digest("hex").slice(0, 16)}`)
    if (existsSync(program)) return program
    mkdirSync(folder, { recursive: true })
    const fresh = `${program}.${process.pid}`
    const library = libraries[peer]
    if (library !== undefined) buildInC(library, source, fresh)
    else if (peer === "pion") run(source, "go", "build", "-trimpath", "-o", fresh, ".")
    else if (peer === "dimpl") buildInRust(source, fresh)
    else if (["californium", "leshan", "scandium"].includes(peer)) buildInJava(source, fresh)
    else if (peer === "aiocoap") buildInPython(source, fresh, `${program}.modules`)
    else buildForNode(source, fresh, `${program}.modules`)
    renameSync(fresh, program)
    return program
}

/** The source of a library, in the crate that Cargo downloaded. */
function sourceOf({ crate, source }: Library): string {
    // The C sources are the same on every platform; dependencies for others, such as Windows, are not downloaded.
    const args = ["metadata", "--locked", "--format-version", "1", "--filter-platform", "x86_64-unknown-linux-gnu"]
    const { packages } = JSON.parse(run(folders, "cargo", ...args)) as {
        packages: { name: string; manifest_path: string }[]
    }
    const found = packages.find(({ name }) => name === crate)
    if (found === undefined) throw new Error(`Cargo knows no ${crate}`)
    return join(dirname(found.manifest_path), source)
}

function buildInC(library: Library, source: string, program: string): void {
    const folder = sourceOf(library)
    const units = library.units.flatMap((name) =>
        readdirSync(join(folder, name))
            .filter((file) => file.endsWith(".c") && library.except?.test(file) !== true)
            .map((file) => join(folder, name, file)),
    )
    withFolder(program, (objects) => {
        const headers = [source, ...library.headers.map((name) => join(folder, name))]
        const flags = ["-O0", "-w", `-D${library.define}`, ...headers.flatMap((header) => ["-I", header])]
        run(objects, "gcc", ...flags, "-c", ...units)
        run(objects, "ar", "rcs", "library.a", ...readdirSync(objects))
        run(source, "gcc", ...flags, "peer.c", join(objects, "library.a"), "-lm", "-o", program)
    })
}

/** @param body needs a folder for intermediate files */
function withFolder(program: string, body: (folder: string) => void): void {
    const folder = `${program}.d`
    mkdirSync(folder)
    try {
        body(folder)
    } finally {
        rmSync(folder, { recursive: true, force: true })
    }
}

function buildInRust(source: string, program: string): void {
    withFolder(program, (folder) => {
        run(source, "cargo", "build", "--locked", "--quiet", "--target-dir", folder)
        renameSync(join(folder, "debug", "dimpl-peer"), program)
    })
}

/** Each program runs only for a moment, so thorough optimization would take longer. */
const BRIEF = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"]
const COPY_DEPENDENCIES = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies"

/**
 * A single jar of the program and its libraries, after a line for the shell so that it can be executed by name. Maven
 * downloads the libraries. Their signatures are removed, because Java would verify them at each start, which takes
 * twice as long.
 */
function buildInJava(source: string, program: string): void {
    withFolder(program, (folder) => {
        const [jars, classes, whole] = ["jars", "classes", "whole.jar"].map((name) => join(folder, name)) as [
            string,
            string,
            string,
        ]
        run(source, "mvn", "-q", "-B", COPY_DEPENDENCIES, `-DoutputDirectory=${jars}`)
        run(jars, "sha256sum", "--check", "--quiet", join(source, "jars.sha256"))
        mkdirSync(classes)
        for (const name of readdirSync(jars)) run(classes, "jar", "xf", join(jars, name))
        rmSync(join(classes, "META-INF"), { recursive: true })
        // A leftover of one of several libraries, which together do not form a module.
        rmSync(join(classes, "module-info.class"), { force: true })
        run(source, "javac", ...BRIEF.map((option) => `-J${option}`), "-d", classes, "-cp", classes, "Peer.java")
        run(folder, "jar", "--create", "--file", whole, "--main-class", "Peer", "-C", classes, ".")
        writeFileSync(program, `#!/bin/sh\nexec java ${BRIEF.join(" ")} -jar "$0" "$@"\n`)
        appendFileSync(program, readFileSync(whole))
        chmodSync(program, 0o755)
    })
}

/**
 * @param modules folder from which the program imports itself and its libraries, one of which is compiled for this very
 * Python
 */
function buildInPython(source: string, program: string, modules: string): void {
    withFolder(program, (folder) => {
        const [venv, target] = [join(folder, "venv"), join(folder, "modules")] as const
        run(source, "python3", "-m", "venv", venv)
        const args = ["install", "--quiet", "--disable-pip-version-check", "--require-hashes", "--target", target]
        run(source, join(venv, "bin", "pip"), ...args, "--requirement", "requirements.txt")
        copyFileSync(join(source, "peer.py"), join(target, "peer.py"))
        rmSync(modules, { recursive: true, force: true })
        renameSync(target, modules)
    })
    const python = run(source, "python3", "-c", "import sys; print(sys.executable)").trim()
    writeFileSync(program, `#!/bin/sh\nexec "${python}" "$0.modules/peer.py" "$@"\n`, { mode: 0o755 })
}

/** @param modules folder from which the program imports itself and its library */
function buildForNode(source: string, program: string, modules: string): void {
    withFolder(program, (folder) => {
        for (const name of ["package.json", "peer.mjs"]) copyFileSync(join(source, name), join(folder, name))
        run(folder, "npm", "install", "--ignore-scripts", "--silent", "--no-audit", "--no-fund", "--no-package-lock")
        rmSync(modules, { recursive: true, force: true })
        renameSync(folder, modules)
    })
    writeFileSync(program, `#!/bin/sh\nexec node "$0.modules/peer.mjs" "$@"\n`, { mode: 0o755 })
}
