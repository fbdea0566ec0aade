import * as ds from "@devicescript/core"
import { AssociationPhase } from "../../src/dtls/association/association-state.js"
import { type CryptoProvider } from "../../src/dtls/crypto/provider.js"
import { type Table, type Tables } from "../../src/dtls/endpoint/endpoint.js"
import { Peer } from "../../src/dtls/endpoint/peer.js"
import { NEVER } from "../../src/dtls/flight/retransmission.js"
import { Alpn } from "../../src/dtls/handshake/alpn.js"
import { mcuLimits } from "../../src/dtls/handshake/limits.js"
import { type AssociationSettings } from "../../src/dtls/handshake/settings.js"
import { Simulation, testSettings } from "../engine/simulation.js"
import { NativeCrypto } from "./native-crypto.js"
import { StandInCrypto } from "./stand-in-crypto.js"
import { promise } from "./target.js"

/** One-way latency of the link, ms. */
const LATENCY = 5
/** Time at which a state has been reached and no timer has expired yet, ms. */
const SETTLED = 500

/** Whether records in epochs above 0 are readable, because the cryptography is the stand-in. */
export function isReadable(): boolean {
    return ds._moteSetting("crypto") === "stand-in"
}

function newCrypto(seed: number): CryptoProvider {
    return isReadable() ? new StandInCrypto(seed) : new NativeCrypto(seed)
}

function settings(seed: number): AssociationSettings {
    const made = testSettings(newCrypto(seed))
    made.limits = mcuLimits()
    // As many sessions per identity as peers, so that one identity can take all places.
    made.limits.sessionsPerIdentity = made.limits.peers
    made.extensions = [new Alpn(["coap", "other"], false)]
    made.pskIdentityHint = Buffer.from("hint")
    return made
}

/**
 * A table whose entries can be inspected.
 * @devsWhenUsed
 */
class OpenTable<T> implements Table<T> {
    private keys: string[] = []
    values: T[] = []

    get(key: string): T | undefined {
        const at = this.keys.indexOf(key)
        return at < 0 ? undefined : this.values[at]
    }

    set(key: string, value: T): void {
        this.delete(key)
        this.keys.push(key)
        this.values.push(value)
    }

    delete(key: string): void {
        const at = this.keys.indexOf(key)
        if (at < 0) return
        this.keys = this.keys.filter((_, i) => i !== at)
        this.values = this.values.filter((_, i) => i !== at)
    }

    size(): number {
        return this.values.length
    }
}

/**
 * The tables of a server endpoint.
 * @devsWhenUsed
 */
class OpenTables implements Tables {
    made: OpenTable<unknown>[] = []

    newTable<T>(): Table<T> {
        const table = new OpenTable<T>()
        this.made.push(table as OpenTable<unknown>)
        return table
    }

    /** Peers by address. */
    peers(): Peer[] {
        const found: Peer[] = []
        for (const table of this.made) {
            for (const value of table.values) {
                if (value instanceof Peer) found.push(value)
            }
        }
        return found
    }
}

/** A client and a server of whose handshake only the first `delivered` datagrams arrive. */
export class Pair {
    private tables = new OpenTables()
    link: Simulation

    constructor(delivered: number) {
        this.link = new Simulation(settings(1), settings(2), this.tables)
        this.link.fault = (index) => (index < delivered ? [LATENCY] : [])
    }

    run(): Simulation {
        this.link.begin()
        this.link.run(SETTLED)
        return this.link
    }

    peers(): Peer[] {
        return this.tables.peers()
    }

    /** Checks that tables are within their limits, and that every peer in them has a timer. */
    checkTables(): void {
        const limits = mcuLimits()
        for (const table of this.tables.made)
            promise(table.size() <= limits.peers + limits.halfOpenPeers, "tables stay within their limits")
        for (const peer of this.peers()) {
            promise(peer.association.phase < AssociationPhase.closed, "nobody in the table is over")
            promise(peer.tickAt < NEVER, "everybody in the table has a deadline")
        }
    }
}

/** The datagrams received by one side in a session: handshake, a message in each direction, end. */
export interface Recording {
    index: number[]
    toServer: boolean[]
    data: Buffer[]
}

/** Records all datagrams of a session without faults: handshake (0 to 5), a message in each direction, close_notify. */
export function record(): Recording {
    const recording: Recording = { index: [], toServer: [], data: [] }
    const { link } = new Pair(0)
    link.fault = (index, toServer, data) => {
        recording.index.push(index)
        recording.toServer.push(toServer)
        recording.data.push(data)
        return [LATENCY]
    }
    link.connect()
    link.clientSends("up")
    link.run(SETTLED)
    link.serverSends("down")
    link.run(SETTLED)
    link.client.shutdown(true, true)
    link.drain()
    return recording
}

/** The datagrams for one side, beginning with number `from`. */
export function flightsFor(server: boolean, from: number): Buffer[] {
    const { toServer, index, data } = record()
    return data.filter((_, i) => toServer[i] === server && (index[i] as number) >= from)
}
