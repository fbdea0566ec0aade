import { addressText, type ArrivedReading } from "mote-dtls/gateway"
import { type History, type Sample } from "./history.js"
import { type Listeners } from "./listeners.js"
import { type DeviceStatus, type Metrics } from "./metrics.js"
import { type Sinks } from "./sinks.js"

export interface OperationsParts {
    metrics: Metrics
    history: History
    listeners: Listeners
    sinks: Sinks
}

/** What the page draws. */
export interface Status {
    listening: string[]
    peers: number
    identities: number
    samples: Sample[]
    failures: Record<string, number>
    sinks: { name: string; waiting: number; room: boolean }[]
    devices: (DeviceStatus & { readings: ArrivedReading[] })[]
}

/** What there is to be seen of a gateway, in one process or several. */
export interface Operated {
    /** of prom-client, as JSON, for whoever sums those of several processes */
    counters(): Promise<object[]>
    /** in Prometheus' form, with its type */
    metrics(): Promise<{ type: string; body: string }>
    status(): Promise<Status>
    /** names of sinks that are full */
    full(): Promise<string[]>
}

/** This process. */
export function operatedHere({ metrics, history, listeners, sinks }: OperationsParts): Operated {
    const { registry } = metrics
    return {
        counters: () => registry.getMetricsAsJSON(),
        metrics: async () => ({ type: registry.contentType, body: await registry.metrics() }),
        status: () => Promise.resolve(statusOf(metrics, history, listeners, sinks)),
        full: () => {
            const full = sinks.all().filter((sink) => !sink.hasRoom())
            return Promise.resolve(full.map((sink) => sink.name))
        },
    }
}

function statusOf(metrics: Metrics, history: History, listeners: Listeners, sinks: Sinks): Status {
    const connected = new Set(listeners.peers().map((peer) => peer.identity.toString("hex")))
    return {
        listening: listeners.addresses().map(addressText),
        peers: listeners.peers().length,
        identities: connected.size,
        samples: history.samples,
        failures: metrics.failures,
        sinks: sinks.all().map((sink) => ({ name: sink.name, waiting: sink.waiting(), room: sink.hasRoom() })),
        devices: [...metrics.devices.values()].reverse(),
    }
}

/** Of several processes as of one. */
export function sumOf(all: Status[]): Status {
    const [first] = all
    return {
        listening: first.listening,
        peers: total(all.map(({ peers }) => peers)),
        identities: total(all.map(({ identities }) => identities)),
        samples: sumOfSamples(all.map(({ samples }) => samples)),
        failures: sumOfCounts(all.map(({ failures }) => failures)),
        sinks: all.flatMap(({ sinks }) => sinks),
        devices: all.flatMap(({ devices }) => devices).sort((a, b) => b.time - a.time),
    }
}

function total(values: number[]): number {
    return values.reduce((sum, value) => sum + value, 0)
}

function sumOfCounts(all: Record<string, number>[]): Record<string, number> {
    const sum: Record<string, number> = {}
    for (const counts of all) for (const [name, count] of Object.entries(counts)) sum[name] = (sum[name] ?? 0) + count
    return sum
}

/** The last of each are of the same interval, as far as processes that begin together can be. */
function sumOfSamples(all: Sample[][]): Sample[] {
    const length = Math.min(...all.map((samples) => samples.length))
    return Array.from({ length }, (_, index) => {
        const parts = all.map((samples) => samples[samples.length - length + index])
        const times = parts.map(({ roundTrip }) => roundTrip).filter((time) => time !== null)
        return {
            time: Math.max(...parts.map(({ time }) => time)),
            peers: total(parts.map(({ peers }) => peers)),
            handshakes: total(parts.map(({ handshakes }) => handshakes)),
            failures: total(parts.map(({ failures }) => failures)),
            retransmissions: total(parts.map(({ retransmissions }) => retransmissions)),
            readings: total(parts.map(({ readings }) => readings)),
            roundTrip: times.length === 0 ? null : total(times) / times.length,
        }
    })
}
