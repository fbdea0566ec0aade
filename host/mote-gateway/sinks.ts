import { randomUUID } from "node:crypto"
import { isDeepStrictEqual } from "node:util"
import { addressText, type ArrivedReading, type Delivery, type GatewayPeer, printableJson } from "mote-dtls/gateway"
import { type GatewayConfig, type SinksConfig } from "./config.js"
import { type Log, loggedPeer } from "./log.js"
import { type ReadingRecord, type Sink } from "./sink.js"
import { fileSink, stdoutSink } from "./stream-sink.js"

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

    /** Throws UsageError, GError. */
    constructor(
        config: GatewayConfig,
        private log: Log,
    ) {
        this.policy = config
        this.opened = this.openAll(config.sinks)
    }

    all(): Sink[] {
        return this.opened.map(({ sink }) => sink)
    }

    /** Opens what is new before it closes what is gone: when that throws, everything stays as it was. */
    async replace(config: GatewayConfig): Promise<void> {
        const before = this.opened
        this.opened = this.openAll(config.sinks)
        this.policy = config
        const gone = before.filter(({ sink }) => !this.opened.some((entry) => entry.sink === sink))
        for (const { sink } of gone) this.full.delete(sink)
        await Promise.all(gone.map(({ sink }) => sink.close()))
    }

    async close(): Promise<void> {
        await Promise.all(this.opened.map(({ sink }) => sink.close()))
    }

    private openAll(config: SinksConfig): Opened[] {
        const wanted: { config: unknown; open: (failed: (error: Error) => void) => Sink }[] = [
            ...(config.stdout ? [{ config: "stdout", open: stdoutSink }] : []),
            ...config.files.map((file) => ({
                config: file,
                open: (failed: (error: Error) => void) => fileSink(file, failed),
            })),
        ]
        const fresh: Opened[] = []
        try {
            return wanted.map(({ config, open }) => {
                const same = this.opened.find((entry) => isDeepStrictEqual(entry.config, config))
                if (same !== undefined) return same
                const made = { config, sink: open((error) => this.log.error(`a sink failed: ${error.message}`)) }
                fresh.push(made)
                return made
            })
        } catch (error) {
            for (const { sink } of fresh) void sink.close()
            throw error
        }
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
