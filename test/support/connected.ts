import { type Association } from "../../src/dtls/association/association.js"
import { type AssociationSettings } from "../../src/dtls/handshake/settings.js"
import { discardNames } from "../../src/dtls/record/discard.js"
import { type SimulatedVersions, Simulation, testSettings } from "../engine/simulation.js"
import { SpyCrypto } from "./spy-crypto.js"

/** A simulation whose settings a test may change first. @param versions of both sides; default: DTLS 1.2 */
export function simulate(
    change?: (client: AssociationSettings, server: AssociationSettings) => void,
    versions?: SimulatedVersions,
): Simulation {
    const crypto = new SpyCrypto()
    const client = testSettings(crypto)
    const server = testSettings(crypto)
    change?.(client, server)
    return new Simulation(client, server, undefined, versions)
}

/** The same after its handshake. */
export function connected(change?: (client: AssociationSettings, server: AssociationSettings) => void): Simulation {
    const s = simulate(change)
    s.connect()
    return s
}

/** Lets the client send a message, and returns the datagram instead of delivering it. */
export function capture(s: Simulation, text: string): Buffer {
    const { fault } = s
    s.fault = () => []
    s.clientSends(text)
    s.fault = fault
    return s.log[s.log.length - 1]
}

/** Delivers a datagram to the server from an address. */
export function arriveFrom(s: Simulation, address: string, datagram: Buffer): void {
    s.server.receive(datagram, datagram.length, { key: address, address }, s.now)
    s.drain()
}

/** All state that a discarded datagram must not change, except the count of forgeries. */
export function picture(association: Association): string {
    return JSON.stringify({ ...association.snapshot(), failedRecords: 0 })
}

/** Discard counters that are not zero, by name. */
export function drops(association: Association): Record<string, number> {
    const entries = discardNames().map((name, reason) => [name, association.counters.of(reason)] as const)
    return Object.fromEntries(entries.filter(([, count]) => count > 0))
}
