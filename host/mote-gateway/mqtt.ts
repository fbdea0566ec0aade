import { readFileSync } from "node:fs"
import { connect, type IClientOptions, type MqttClient } from "mqtt"
import { UsageError } from "mote-dtls/gateway"
import { type MqttConfig } from "./config.js"
import { type Target } from "./forwarder.js"
import { type ReadingRecord } from "./sink.js"

/** Publications under way at one time. */
const BATCH = 32

/** How long an attempt waits for a connection, ms. */
const CONNECTING = 2000

/** Publishes each record at a topic of its own. Throws UsageError when a file that it needs cannot be read. */
export class MqttTarget implements Target {
    readonly name: string
    readonly batch = BATCH
    private client: MqttClient
    /** why there is no connection, as the library says it */
    private trouble = "no answer"

    constructor(private config: MqttConfig) {
        this.name = `MQTT ${new URL(config.url).host}`
        this.client = connect(config.url, clientOptions(config))
        this.client.on("error", (error: Error) => (this.trouble = textOf(error)))
    }

    async send(records: string[], signal: AbortSignal): Promise<void> {
        await unlessAborted(this.connected(signal), signal)
        await unlessAborted(Promise.all(records.map((line) => this.publish(line))), signal)
    }

    private async connected(signal: AbortSignal): Promise<void> {
        const until = Date.now() + CONNECTING
        while (!this.client.connected) {
            if (signal.aborted || Date.now() > until)
                throw new Error(`no connection (${this.trouble}): check url, credentials and the broker`)
            await new Promise((resolve) => setTimeout(resolve, 50))
        }
    }

    private async publish(line: string): Promise<void> {
        const { qos, retain, topic } = this.config
        await this.client.publishAsync(topicOf(topic, JSON.parse(line) as ReadingRecord), line, { qos, retain })
    }

    async close(): Promise<void> {
        await this.client.endAsync(true)
    }
}

/** What a device chose has no level separators or wildcards of MQTT in it (MQTT 5 section 4.7). */
export function topicOf(template: string, { identity, identityHex, path }: ReadingRecord): string {
    const parts: Record<string, string> = {
        "{identity}": encodeURIComponent(identity),
        "{identityHex}": identityHex,
        "{path}": path.replace(/^\//, "").replaceAll("+", "%2B"),
    }
    return template.replace(/\{\w+\}/g, (name) => parts[name])
}

function clientOptions(config: MqttConfig): IClientOptions {
    const { version, clientId, username, passwordFile, ca, cert, key } = config
    return {
        protocolVersion: version === "5" ? 5 : 4,
        reconnectPeriod: 1000,
        // Records wait in the gateway's queue, which has a limit.
        queueQoSZero: false,
        ...(clientId !== undefined && { clientId }),
        ...(username !== undefined && { username }),
        ...(passwordFile !== undefined && { password: fileOf("passwordFile", passwordFile).toString().trim() }),
        ...(ca !== undefined && { ca: fileOf("ca", ca) }),
        ...(cert !== undefined && { cert: fileOf("cert", cert) }),
        ...(key !== undefined && { key: fileOf("key", key) }),
    }
}

function fileOf(setting: string, path: string): Buffer {
    try {
        return readFileSync(path)
    } catch (error) {
        throw new UsageError(`sinks.mqtt.${setting}: cannot read ${path} (${(error as NodeJS.ErrnoException).code})`)
    }
}

/** An AggregateError of several addresses has no message of its own. */
function textOf(error: Error): string {
    const { code } = error as NodeJS.ErrnoException
    return error.message === "" ? (code ?? "error") : error.message
}

async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
    let stop: (() => void) | undefined
    const aborted = new Promise<never>((_resolve, reject) => {
        stop = () => reject(new Error("the gateway ends"))
        signal.addEventListener("abort", stop)
    })
    promise.catch(() => undefined)
    try {
        return await Promise.race([promise, aborted])
    } finally {
        signal.removeEventListener("abort", stop as () => void)
    }
}
