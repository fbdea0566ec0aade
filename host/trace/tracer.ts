import { type SocketAddress } from "../../src/gio/socket-address.js"
import { describeDatagram, type DatagramText } from "./datagram-text.js"

export type Direction = "sent" | "received"

/** One datagram as `--json` prints it. */
export interface TraceRecord {
    event: "datagram"
    /** ms since the trace began */
    time: number
    direction: Direction
    peer: string
    bytes: number
    /** 1 to 6 while a handshake runs (RFC 6347 §4.2.4) */
    flight: number | undefined
    parts: string[]
    /** it was sent before */
    again: boolean
}

/** Peers followed at one time, and messages remembered of each: datagrams of unknown peers do not fill the memory. */
const MAX_PEERS = 1000
const MAX_SEEN = 256

interface PeerTrace {
    flight: number
    lastDirection: Direction | undefined
    /** flight by message seen */
    seen: Map<string, number>
}

export function addressText(address: SocketAddress | undefined): string {
    if (address === undefined) return "?"
    // An IPv4 peer of a socket that takes both families.
    const plain = address.address.replace(/^::ffff:(?=\d+\.)/, "")
    const host = plain.includes(":") ? `[${plain}]` : plain
    return `${host}:${address.port}`
}

/** Follows the flights of each peer and tells repetitions from news. */
export class Tracer {
    private peers = new Map<string, PeerTrace>()
    private begun = performance.now()

    constructor(private write: (record: TraceRecord) => void) {}

    datagram(direction: Direction, address: SocketAddress | undefined, data: Buffer): void {
        const peer = addressText(address)
        const text = describeDatagram(data)
        const trace = this.traceOf(peer, text)
        const earlier = flightOf(trace, direction, text)
        const again = earlier !== undefined
        if (text.handshake && !again && trace.lastDirection !== direction) {
            trace.flight++
            trace.lastDirection = direction
        }
        if (!again) remember(trace, marksOf(direction, text))
        this.write({
            event: "datagram",
            time: Math.round((performance.now() - this.begun) * 10) / 10,
            direction,
            peer,
            bytes: data.length,
            flight: text.handshake ? (earlier ?? trace.flight) : undefined,
            parts: text.parts,
            again,
        })
    }

    /** A first ClientHello begins a new handshake. */
    private traceOf(peer: string, text: DatagramText): PeerTrace {
        const known = this.peers.get(peer)
        const begins = text.parts.some((part) => part === "ClientHello") && (known?.flight ?? 0) > 2
        if (known !== undefined && !begins) return known
        const fresh: PeerTrace = { flight: 0, lastDirection: undefined, seen: new Map() }
        this.peers.delete(peer)
        if (this.peers.size >= MAX_PEERS) deleteOldest(this.peers)
        this.peers.set(peer, fresh)
        return fresh
    }
}

function remember(trace: PeerTrace, marks: string[]): void {
    for (const mark of marks) {
        if (trace.seen.size >= MAX_SEEN) deleteOldest(trace.seen)
        trace.seen.set(mark, trace.flight)
    }
}

function deleteOldest(map: Map<string, unknown>): void {
    for (const key of map.keys()) return void map.delete(key)
}

function marksOf(direction: Direction, text: DatagramText): string[] {
    const marks = text.fragments.map((fragment) => `${direction}/${fragment}`)
    return text.protectedHandshake ? [...marks, `${direction}/finished`] : marks
}

/** The flight that all messages of a datagram were in before; undefined when one of them is news. */
function flightOf(trace: PeerTrace, direction: Direction, text: DatagramText): number | undefined {
    const marks = marksOf(direction, text)
    return marks.every((mark) => trace.seen.has(mark)) ? trace.seen.get(marks[0] ?? "") : undefined
}

/** One readable line: time, direction, peer, size, flight, messages. */
export function traceLine(record: TraceRecord): string {
    const time = (record.time / 1000).toFixed(3).padStart(8)
    const arrow = record.direction === "sent" ? "->" : "<-"
    const flight = record.flight === undefined ? "" : `flight ${record.flight}: `
    const again = record.again ? " (again)" : ""
    return `${time} ${arrow} ${record.peer} ${String(record.bytes).padStart(5)} B  ${flight}${record.parts.join(", ")}${again}`
}
