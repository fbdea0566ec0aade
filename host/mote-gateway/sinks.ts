import { randomUUID } from "node:crypto"
import { isDeepStrictEqual } from "node:util"
import { addressText, type ArrivedReading, type Delivery, type GatewayPeer, printableJson } from "mote-dtls/gateway"
import { type GatewayConfig, type QueueConfig, type SinksConfig } from "./config.js"
import { Forwarder, type Target } from "./forwarder.js"
import { type Log, loggedPeer } from "./log.js"
import { MqttTarget } from "./mqtt.js"
import { type ReadingRecord, type Sink } from "./sink.js"
import { fileSink, stdoutSink } from "./stream-sink.js"
import { WebhookTarget } from "./webhook.js"

/** How long a device waits until its readings are safe, ms: less than CoAP's clients wait for a separate response. */
const MAX_STORING = 30000

/** A sink and what it was made of. */
interface Opened {
    config: unknown
    sink: Sink
}

/** Every sink that the configuration names. Those whose configuration stays the same stay open when it is read again. */
export class Sinks {
    private opened: Opened[] = []
    private policy: Pick<GatewayConfig, "acknowledge" | "retryAfter">
    /** sinks that are full, as was logged */
    private full = new Set<Sink>()

    private constructor(
        config: GatewayConfig,
        private log: Log,
    ) {
        this.policy = config
        this.opened = this.openAll(config.sinks)
    }

    /** Throws UsageError. */
    static async open(config: GatewayConfig, log: Log): Promise<Sinks> {
        const sinks = new Sinks(config, log)
        await Promise.all(sinks.all().map((sink) => sink.begin()))
        return sinks
    }

    all(): Sink[] {
        return this.opened.map(({ sink }) => sink)
    }

    /**
     * Makes what is new before it closes what is gone: when that throws, everything stays as it was. What is new begins when
     * what is gone is closed: they may have the same queue.
     */
    async replace(config: GatewayConfig): Promise<void> {
        const opened = this.openAll(config.sinks)
        const gone = this.opened.filter((entry) => !opened.includes(entry)).map(({ sink }) => sink)
        const fresh = opened.filter((entry) => !this.opened.includes(entry)).map(({ sink }) => sink)
        await Promise.all(gone.map((sink) => sink.close()))
        await Promise.all(fresh.map((sink) => sink.begin()))
        for (const sink of gone) this.full.delete(sink)
        this.opened = opened
        this.policy = config
    }

    async close(): Promise<void> {
        await Promise.all(this.opened.map(({ sink }) => sink.close()))
    }

    private openAll(config: SinksConfig): Opened[] {
        const wanted = [
            ...(config.stdout ? [{ config: "stdout", open: () => stdoutSink(this.failed) }] : []),
            ...config.files.map((file) => ({ config: file, open: () => fileSink(file, this.failed) })),
            ...config.mqtt.map((broker) => ({
                config: broker,
                open: () => this.forward(new MqttTarget(broker), broker),
            })),
            ...config.webhooks.map((hook) => ({
                config: hook,
                open: () => this.forward(new WebhookTarget(hook), hook),
            })),
        ]
        const fresh: Opened[] = []
        try {
            return wanted.map(({ config, open }) => {
                const same = this.opened.find((entry) => isDeepStrictEqual(entry.config, config))
                if (same !== undefined) return same
                const made = { config, sink: open() }
                fresh.push(made)
                return made
            })
        } catch (error) {
            for (const { sink } of fresh) void sink.close()
            throw error
        }
    }

    private failed = (what: string): void => this.log.error(what)

    private forward(target: Target, { queue }: { queue: QueueConfig }): Sink {
        return new Forwarder(target, queue, this.log)
    }

    /** Hands readings to every sink, or to none when one of them is full. */
    deliver(peer: GatewayPeer, path: string, readings: ArrivedReading[]): Delivery {
        const sinks = this.all()
        const full = sinks.filter((sink) => !sink.hasRoom())
        this.tellFull(full)
        if (full.length > 0) return { retryAfter: this.policy.retryAfter }
        const record = recordOf(peer, path, readings)
        const line = printableJson(record)
        const stored = Promise.all(sinks.map((sink) => sink.put(record, line)))
        stored.catch((error: Error) => {
            this.log.error({ ...loggedPeer(peer), id: record.id }, `readings are lost: ${error.message}`)
        })
        return { retryAfter: 0, stored: this.policy.acknowledge === "stored" ? inTime(stored) : undefined }
    }

    /** When it begins and when it ends, not for every reading. */
    private tellFull(full: Sink[]): void {
        for (const sink of full)
            if (!this.full.has(sink))
                this.log.warn(`${sink.name} takes no more readings: devices are told to try again`)
        for (const sink of this.full) if (!full.includes(sink)) this.log.info(`${sink.name} takes readings again`)
        this.full = new Set(full)
    }
}

function recordOf({ identity, connection }: GatewayPeer, path: string, readings: ArrivedReading[]): ReadingRecord {
    const address = connection.getRemoteAddress()
    return {
        id: randomUUID(),
        time: new Date().toISOString(),
        identity: identity.toString(),
        identityHex: identity.toString("hex"),
        address: address === undefined ? "" : addressText(address),
        path,
        readings,
    }
}

async function inTime(stored: Promise<unknown>): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise((_resolve, reject) => {
        timer = setTimeout(() => reject(new Error("not safe in time")), MAX_STORING)
    })
    await Promise.race([stored, late]).finally(() => clearTimeout(timer))
}
