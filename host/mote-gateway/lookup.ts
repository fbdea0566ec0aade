import { spawn } from "node:child_process"
import { check, UsageError } from "mote-dtls/gateway"
import { type CredentialsConfig } from "./config.js"
import { type Device, deviceOf, deviceSchema, type RawDevice } from "./devices.js"

/** Asks somebody else for a device. @returns undefined when there is none; throws when that cannot be said */
type Ask = (identity: Buffer, signal: AbortSignal) => Promise<unknown>

/** Look-ups at one time: more clients than that are refused, and may try again. */
const MAX_RUNNING = 16

/** Answers that are kept. */
const MAX_KEPT = 10000

/** A device that is not known may be entered at any time: for so long nobody is asked again, s. */
const UNKNOWN_KEPT = 5

/** Longest answer, characters. */
const MAX_ANSWER = 65536

interface Kept {
    device: Device | undefined
    /** ms */
    until: number
}

/** Devices that a program or a web service knows. Answers are kept for a while. */
export class DeviceLookup {
    private kept = new Map<string, Kept>()
    private running = new Map<string, Promise<Device | undefined>>()

    constructor(
        private sources: Ask[],
        private config: Pick<CredentialsConfig, "lookupTimeout" | "lookupCache">,
    ) {}

    /** What is configured; undefined: nothing. */
    static of(config: CredentialsConfig): DeviceLookup | undefined {
        const { command, url } = config
        const sources: Ask[] = []
        if (command !== undefined) sources.push((identity, signal) => askCommand(command, identity, signal))
        if (url !== undefined) sources.push((identity, signal) => askUrl(url, identity, signal))
        return sources.length === 0 ? undefined : new DeviceLookup(sources, config)
    }

    /** Throws what went wrong. @returns undefined when nobody knows the device */
    find(identity: Buffer): Promise<Device | undefined> {
        const key = identity.toString("hex")
        const kept = this.kept.get(key)
        if (kept !== undefined && kept.until > Date.now()) return Promise.resolve(kept.device)
        const running = this.running.get(key)
        if (running !== undefined) return running
        if (this.running.size >= MAX_RUNNING) throw new Error(`${MAX_RUNNING} look-ups of devices are running already`)
        const asked = this.ask(identity).finally(() => this.running.delete(key))
        this.running.set(key, asked)
        return asked
    }

    private async ask(identity: Buffer): Promise<Device | undefined> {
        const signal = AbortSignal.timeout(this.config.lookupTimeout)
        for (const source of this.sources) {
            const answer = await source(identity, signal)
            if (answer !== undefined) return this.keep(identity, checkedDevice(answer, identity))
        }
        return this.keep(identity, undefined)
    }

    private keep(identity: Buffer, device: Device | undefined): Device | undefined {
        const key = identity.toString("hex")
        const seconds = device === undefined ? Math.min(UNKNOWN_KEPT, this.config.lookupCache) : this.config.lookupCache
        this.kept.delete(key)
        this.kept.set(key, { device, until: Date.now() + seconds * 1000 })
        const [oldest] = this.kept.keys()
        if (this.kept.size > MAX_KEPT) this.kept.delete(oldest)
        return device
    }
}

/** What is wrong with an answer is told without the answer: there is a key in it. */
function checkedDevice(answer: unknown, identity: Buffer): Device {
    const [flaw] = check(answer, deviceSchema)
    if (flaw !== undefined)
        throw new UsageError(`the device that was looked up: ${flaw.path.join(".")}: ${flaw.wanted}`)
    const device = deviceOf(answer as RawDevice)
    if (device.psk === undefined) throw new UsageError("the device that was looked up: key: is missing")
    if (!device.psk.identity.equals(identity)) throw new Error("the device that was looked up has another identity")
    return device
}

/** The identity comes from whoever sends a ClientHello: it is never part of a command line. */
function askCommand(command: string[], identity: Buffer, signal: AbortSignal): Promise<unknown> {
    const [program, ...args] = command
    return new Promise((resolve, reject) => {
        const child = spawn(program, args, { stdio: ["pipe", "pipe", "inherit"], signal })
        let answer = ""
        child.on("error", (error) => reject(new Error(`${program} failed: ${error.message}`)))
        child.stdout.setEncoding("utf8").on("data", (text: string) => {
            answer += text
            if (answer.length > MAX_ANSWER) child.kill()
        })
        child.on("close", (code) => {
            if (code !== 0) reject(new Error(`${program} failed with exit code ${code}`))
            else if (answer.trim() === "") resolve(undefined)
            else resolveJson(answer, program, resolve, reject)
        })
        // A program that does not read its input is free to end without.
        child.stdin.on("error", () => undefined)
        child.stdin.end(`${JSON.stringify({ identity: identity.toString(), identityHex: identity.toString("hex") })}\n`)
    })
}

function resolveJson(
    text: string,
    from: string,
    resolve: (value: unknown) => void,
    reject: (error: Error) => void,
): void {
    try {
        resolve(JSON.parse(text))
    } catch {
        reject(new Error(`what ${from} printed is no JSON`))
    }
}

async function askUrl(url: string, identity: Buffer, signal: AbortSignal): Promise<unknown> {
    const { origin } = new URL(url.replaceAll("{identity}", ""))
    const response = await fetch(url.replaceAll("{identity}", encodeURIComponent(identity.toString())), {
        signal,
        redirect: "error",
        headers: { accept: "application/json" },
    })
    if (response.status === 404) return undefined
    if (!response.ok) throw new Error(`${origin} answered ${response.status}`)
    try {
        return await response.json()
    } catch {
        throw new Error(`what ${origin} answered is no JSON`)
    }
}
