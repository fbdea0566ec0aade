import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from "node:child_process"
import { randomInt } from "node:crypto"
import { createSocket } from "node:dgram"
import { type EventEmitter, once } from "node:events"
import { readFileSync } from "node:fs"
import { createServer } from "node:net"
import { join } from "node:path"
import { root } from "../../host/folders.js"
import { compiledHost } from "../support/compiled-host.js"

/** Number of event loop turns in which pending events are processed. */
const TURNS = 3

/**
 * Waits, and also lets this process handle what has arrived: within a turn timers run before I/O, so after a long turn
 * a timer may have expired before anything was read.
 */
export async function sleep(ms: number): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, ms))
    for (let i = 0; i < TURNS; i++) await new Promise((resolve) => setImmediate(resolve))
}

/** A program under test and its output; `end` kills it. */
export class Running {
    output = ""
    private process: ChildProcessWithoutNullStreams
    private exited = false

    /** @param command words separated by spaces; the first is the program. @param folder working directory */
    constructor(
        readonly command: string[],
        folder = root,
    ) {
        const [program, ...args] = command as [string, ...string[]]
        this.process = spawn(program, args, { cwd: folder, stdio: "pipe" })
        // Decoded as text, because a chunk may end inside a character.
        for (const stream of [this.process.stdout, this.process.stderr]) stream.setEncoding("utf8")
        const collect = (chunk: string): void => void (this.output += chunk)
        this.process.stdout.on("data", collect)
        this.process.stderr.on("data", collect)
        this.process.stdin.on("error", () => undefined)
        this.process.on("error", (error) => (this.output += error.message))
        this.process.on("close", () => (this.exited = true))
    }

    write(text: string): void {
        this.process.stdin.write(text)
    }

    endInput(): void {
        this.process.stdin.end()
    }

    /** Waits until the output contains `text`. @returns whether it does */
    async has(text: string, timeout = 20000): Promise<boolean> {
        const until = performance.now() + timeout
        while (!this.output.includes(text)) {
            if (performance.now() > until || this.exited) return this.output.includes(text)
            await sleep(10)
        }
        return true
    }

    /** Throws an error with the output if `text` does not appear. */
    async expect(text: string, timeout = 20000): Promise<void> {
        if (await this.has(text, timeout)) return
        throw new Error(`"${text}" did not come from: ${this.command.join(" ")}\n${this.output.slice(-1500)}`)
    }

    /** Waits until the program has ended by itself. */
    async ended(timeout = 20000): Promise<void> {
        const until = performance.now() + timeout
        while (!this.exited) {
            if (performance.now() > until) throw new Error(`it goes on: ${this.command.join(" ")}`)
            await sleep(10)
        }
    }

    /** null while it runs, and after a signal */
    get exitCode(): number | null {
        return this.process.exitCode
    }

    get pid(): number {
        return this.process.pid as number
    }

    get running(): boolean {
        return !this.exited
    }

    /** Asks it to end, and waits as long as a busy computer may need: a server still closes its sessions. */
    async end(): Promise<void> {
        if (this.exited) return
        const isAlive = (): boolean => this.process.exitCode === null && this.process.signalCode === null
        this.process.kill("SIGTERM")
        for (let i = 0; i < 1000 && isAlive(); i++) await sleep(10)
        if (isAlive()) this.process.kill("SIGKILL")
        // The end of its output follows, unless a child process has it, too.
        for (let i = 0; i < 100 && !this.exited; i++) await sleep(10)
    }
}

/** A command of mote. */
export function mote(...args: string[]): string[] {
    return [process.execPath, join(compiledHost(), "host", "cli", "main.js"), ...args]
}

/** Another program of the repository, run from its sources. */
export function fromSources(program: string, ...args: string[]): string[] {
    return [process.execPath, "--import", "./host/build/tsx.mjs", program, ...args]
}

/** An object that can be bound to a port. */
type Bindable = EventEmitter & { close(): unknown }

/**
 * A free port that stays free until a program binds it: below 32768, because Linux assigns ports from there on to
 * sockets without a number (ip(7)).
 * @param bind begins to bind a socket to it
 */
async function freeBelow(bind: (port: number) => Bindable): Promise<number> {
    for (;;) {
        const port = randomInt(10000, 32768)
        const socket = bind(port)
        const isFree = await once(socket, "listening").then(
            () => true,
            () => false,
        )
        const closed = once(socket, "close")
        socket.close()
        await closed
        if (isFree) return port
    }
}

/** A free UDP port of loopback. */
export function freePort(): Promise<number> {
    return freeBelow((port) => createSocket("udp4").bind(port, "127.0.0.1"))
}

/** A free TCP port of loopback. */
export function freeTcpPort(): Promise<number> {
    return freeBelow((port) => createServer().listen(port, "127.0.0.1"))
}

/** Waits until a process has bound the UDP port: some servers print nothing. */
export async function untilBound(port: number, timeout = 30000): Promise<void> {
    const mark = `:${port.toString(16).toUpperCase().padStart(4, "0")} `
    const until = performance.now() + timeout
    for (;;) {
        if (["/proc/net/udp", "/proc/net/udp6"].some((file) => readFileSync(file, "utf8").includes(mark))) return
        if (performance.now() > until) throw new Error(`nothing listens on UDP port ${port}`)
        await sleep(10)
    }
}

export const GIO = "python3-gi with glib-networking"
/** Debian's python3-gi is for Debian's Python; without glib-networking, GIO's TLS backend is a dummy. */
const HAS_GIO = "from gi.repository import Gio; raise SystemExit(not Gio.TlsBackend.get_default().supports_tls())"

const found = new Map<string, boolean>()

/** @param program its name, or `GIO` */
export function isInstalled(program: string): boolean {
    const known = found.get(program)
    if (known !== undefined) return known
    const test = program === GIO ? `/usr/bin/python3 -c '${HAS_GIO}'` : `command -v ${program}`
    const isThere = spawnSync("sh", ["-c", test]).status === 0
    found.set(program, isThere)
    return isThere
}

/** The first line of a program's version output. */
export function versionOf(program: string, ...args: string[]): string {
    const run = spawnSync(program, args, { encoding: "utf8" })
    return /\d+\.\d+(\.\d+)?/.exec(run.stdout + run.stderr)?.[0] ?? "unknown"
}
