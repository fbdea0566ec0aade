import { join } from "../../src/dtls/bytes/bytes.js"
import { type Peer } from "../../src/dtls/endpoint/peer.js"
import { type SourceAddress } from "../../src/dtls/endpoint/source-address.js"
import { NEVER } from "../../src/dtls/flight/retransmission.js"
import { mcuLimits } from "../../src/dtls/handshake/limits.js"
import { type Simulation } from "../engine/simulation.js"
import {
    Application,
    datagramEvent,
    datagramEvents,
    EventKind,
    type FuzzEvent,
    plainEvent,
    readEvents,
} from "./events.js"
import { flightsFor, Pair } from "./pair.js"
import { type FuzzRun, type FuzzTarget, promise } from "./target.js"
import { Watch } from "./watch.js"

/** The server's state when an input arrives. */
enum ServerState {
    nobody,
    helloAccepted,
    questionOpen,
    connected,
    /** connected, and the same address begins another handshake */
    successor,
    /** all places are taken, including those for half-open peers */
    full,
}

const STATES = 6
/** Datagrams delivered to reach each state. */
const DELIVERED = [0, 3, 5, 6, 9, 6]
/** Number of established and half-open peers in each state. */
const ESTABLISHED = [0, 0, 0, 1, 1, 4]
const HALF_OPEN = [0, 1, 1, 0, 1, 2]

/** Four hosts with two ports each; number 0 is the client's. */
function address(number: number): SourceAddress {
    const key = number === 0 ? "client|1" : "10.0.0." + (number & 3) + "|" + number
    return { key, address: key }
}

/**
 * A server, its clock, and the properties to check.
 * @devsWhenUsed
 */
class FuzzedServer {
    private now: number
    /** one for every peer that there was; the engine's watch is stored as the peer's owner */
    private watches: Watch[] = []

    constructor(
        private pair: Pair,
        private link: Simulation,
    ) {
        this.now = link.now
        for (const peer of pair.peers()) {
            this.watchOf(peer)
            if (peer.successor !== undefined) this.watchOf(peer.successor)
        }
    }

    private watchOf(peer: Peer): Watch {
        for (const watch of this.watches) {
            if (watch.association === peer.association) return watch
        }
        const watch = new Watch(peer.association)
        this.watches.push(watch)
        return watch
    }

    happen(event: FuzzEvent): void {
        const { kind, detail, data } = event
        const { server } = this.link
        if (kind === EventKind.datagram) server.receive(data, data.length, address(detail & 7), this.now)
        else if (kind === EventKind.tick) this.now += detail * 100
        else if (kind === EventKind.deadline && server.deadline() < NEVER)
            this.now = Math.max(this.now, server.deadline())
        else if (kind === EventKind.application) this.act(event)
        this.drainReplies(data.length)
        if (kind !== EventKind.application) {
            server.tick(this.now)
            promise(server.deadline() > this.now, "tick runs what is due")
        }
        this.drainPeers()
        this.pair.checkTables()
    }

    private act(event: FuzzEvent): void {
        const peers = this.pair.peers()
        if (peers.length === 0) return
        const peer = peers[0] as Peer
        this.watchOf(peer).act(event, this.now)
        this.link.server.touched(peer)
    }

    /** A peer with an unverified address must not get more bytes than it sent (RFC 6347 §4.2.1). */
    private drainReplies(received: number): void {
        const { server } = this.link
        let bytes = 0
        for (let reply = server.nextReply(); reply !== undefined; reply = server.nextReply()) bytes += reply.data.length
        promise(bytes <= received, "an unverified address gets no more bytes than it sent")
    }

    private drainPeers(): void {
        const { server } = this.link
        for (let peer = server.nextReady(); peer !== undefined; peer = server.nextReady()) this.watchOf(peer).drain()
    }

    /** Called at the end of the input. */
    check(): void {
        const { server } = this.link
        const limits = mcuLimits()
        promise(server.peerCount() <= limits.peers, "established peers stay within their limit")
        promise(server.halfOpenCount() <= limits.halfOpenPeers, "half-open peers stay within their limit")
        for (const peer of this.pair.peers()) this.watchOf(peer).check()
    }
}

/** Adds established peers at addresses 1 to 4, and half-open ones at 5 and 6. */
function fill(link: Simulation): void {
    const limits = mcuLimits()
    for (let i = 1; i < limits.peers + limits.halfOpenPeers; i++) arriveAt(link, i, i < limits.peers ? 6 : 3)
}

/** Adds another client at another address; only the first `delivered` datagrams of its handshake arrive. */
function arriveAt(link: Simulation, number: number, delivered: number): void {
    const from = link.sent
    link.fault = (index) => (index - from < delivered ? [5] : [])
    link.clientAddress = address(number).key
    link.rebootClient()
    link.begin()
    link.run(link.now + 100)
}

function prepare(state: ServerState): FuzzRun {
    const pair = new Pair(DELIVERED[state])
    pair.link.serverAnswers = state !== ServerState.questionOpen
    const link = pair.run()
    if (state === ServerState.successor) {
        link.rebootClient()
        link.begin()
        link.run(link.now + 100)
    }
    if (state === ServerState.full) fill(link)
    promise(link.server.peerCount() === ESTABLISHED[state], "the state has its established peers")
    promise(link.server.halfOpenCount() === HALF_OPEN[state], "the state has its half-open peers")
    const server = new FuzzedServer(pair, link)
    return async (input) => {
        for (const event of readEvents(input)) server.happen(event)
        server.check()
    }
}

function seeds(state: ServerState): Buffer[] {
    const all = flightsFor(true, 0)
    const rest = datagramEvents(flightsFor(true, DELIVERED[state]))
    const late = plainEvent(EventKind.deadline, 0)
    const right = plainEvent(EventKind.application, Application.answerRight)
    return [
        join([right, rest]),
        datagramEvents(all),
        join(all.map((data) => join([datagramEvent(1, data), right]))),
        join([late, rest, late, plainEvent(EventKind.application, Application.send), late]),
        join([right, rest, plainEvent(EventKind.application, Application.shutdownBoth), datagramEvents(all)]),
    ]
}

export function serverTarget(): FuzzTarget {
    return { states: STATES, prepare, seeds }
}
