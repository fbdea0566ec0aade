import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client"
import { type ArrivedReading, type DiagnosticEvent, type GatewayPeer, identityText } from "mote-dtls/gateway"
import { Discard, discardNames, FailureReason } from "mote-dtls/engine"
import { type Listeners } from "./listeners.js"
import { type LoggedPeer, loggedPeer } from "./log.js"
import { type Sinks } from "./sinks.js"

/** Devices whose last readings are remembered; beyond them the one heard from longest ago is forgotten. */
const MAX_DEVICES = 1000

/** What the page shows of a device. */
export interface DeviceStatus extends LoggedPeer {
    /** ms since 1970 */
    time: number
    path: string
    readings: ArrivedReading[]
}

/** Counters since the start, as the page draws them. */
export interface Totals {
    peers: number
    handshakes: number
    failures: number
    retransmissions: number
    readings: number
    /** ms, median of the handshakes since the last call; null: there were none */
    roundTrip: number | null
}

/** What the gateway counts, in Prometheus' form and for the page. */
export class Metrics {
    readonly registry = new Registry()
    readonly devices = new Map<string, DeviceStatus>()
    readonly failures: Record<string, number> = {}
    private totals = { handshakes: 0, failures: 0, retransmissions: 0, readings: 0 }
    private roundTrips: number[] = []
    private handshakes = this.counter("mote_handshakes_total", "Handshakes that succeeded")
    private failed = this.counter("mote_handshake_failures_total", "Handshakes that failed", ["reason"])
    private retransmitted = this.counter("mote_handshake_retransmissions_total", "Flights sent again")
    private stored = this.counter("mote_readings_total", "Requests with readings that were taken")
    private unread = this.counter("mote_payloads_without_readings_total", "Payloads in which no readings were found")
    private refused = this.counter("mote_refused_writes_total", "Connections that tried to write to others' paths")
    private handshakeTime = new Histogram({
        name: "mote_handshake_seconds",
        help: "From the ClientHello with a cookie to the end of the handshake",
        buckets: [0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30],
        registers: [this.registry],
    })

    constructor(listeners: Listeners, sinks: Sinks) {
        collectDefaultMetrics({ register: this.registry })
        this.gauge("mote_peers", "Connected devices", [], (gauge) => gauge.set(listeners.peers().length))
        this.gauge("mote_sink_waiting", "Records that a sink has not delivered", ["sink"], (gauge) => {
            gauge.reset()
            // Two sinks of one broker have one name.
            for (const sink of sinks.all()) gauge.inc({ sink: sink.name }, sink.waiting())
        })
        this.discarded(listeners)
    }

    private counter(name: string, help: string, labelNames: string[] = []): Counter {
        return new Counter({ name, help, labelNames, registers: [this.registry] })
    }

    /** The sum of what the open listeners have counted: when one is replaced, Prometheus sees that the counter began anew. */
    private discarded(listeners: Listeners): void {
        const counter = new Counter({
            name: "mote_discarded_datagrams_total",
            help: "Datagrams of no session that were discarded",
            labelNames: ["reason"],
            registers: [this.registry],
            collect: () => {
                counter.reset()
                const counts = listeners.all().map((gateway) => gateway.getListener().getEndpoint().counters)
                for (const [reason, name] of discardNames().entries())
                    counter.inc(
                        { reason: name },
                        counts.reduce((sum, count) => sum + count.of(reason as Discard), 0),
                    )
            },
        })
    }

    private gauge(name: string, help: string, labelNames: string[], collect: (gauge: Gauge) => void): void {
        const gauge: Gauge = new Gauge({
            name,
            help,
            labelNames,
            registers: [this.registry],
            collect: () => collect(gauge),
        })
    }

    connected({ handshakeTime }: GatewayPeer): void {
        if (handshakeTime === undefined) return
        this.totals.handshakes++
        this.handshakes.inc()
        this.handshakeTime.observe(handshakeTime / 1000)
        this.roundTrips.push(handshakeTime)
    }

    /** What HandshakeWatch tells. */
    diagnostic({ code, failure }: DiagnosticEvent): void {
        if (code === "retransmitting" || code === "peerRepeats") {
            this.totals.retransmissions++
            this.retransmitted.inc()
        }
        const fails = ["unknownIdentity", "keyMismatch", "credentialsFailed", "handshakeFailed"]
        if (!fails.includes(code)) return
        const reason = failure === undefined ? code : FailureReason[failure.reason]
        this.totals.failures++
        this.failed.inc({ reason })
        this.failures[reason] = (this.failures[reason] ?? 0) + 1
    }

    readings(peer: GatewayPeer, path: string, readings: ArrivedReading[]): void {
        this.totals.readings++
        this.stored.inc()
        const key = identityText(peer.identity)
        this.devices.delete(key)
        this.devices.set(key, { ...loggedPeer(peer), time: Date.now(), path, readings })
        const [oldest] = this.devices.keys()
        if (this.devices.size > MAX_DEVICES) this.devices.delete(oldest)
    }

    payloadWithoutReadings(): void {
        this.unread.inc()
    }

    refusedWrite(): void {
        this.refused.inc()
    }

    take(peers: number): Totals {
        const sorted = this.roundTrips.splice(0).sort((a, b) => a - b)
        const roundTrip = sorted.length === 0 ? null : sorted[Math.floor(sorted.length / 2)]
        return { peers, ...this.totals, roundTrip }
    }
}
