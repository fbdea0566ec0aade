import { deepStrictEqual, ok, strictEqual } from "node:assert/strict"
import { AssociationPhase } from "../../src/dtls/association/association-state.js"
import { HandshakeType } from "../../src/dtls/wire/code-points.js"
import { Simulation } from "../engine/simulation.js"
import { Resumable } from "./resumable.js"
import { type Message, messages } from "./wire.js"

/** How a session is resumed. */
export const WAYS = ["id", "ticket"] as const

/** Datagrams of an abbreviated handshake: two hellos, the cookie, and two flights. */
export const ABBREVIATED = 5

export function isConnected(s: Simulation): boolean {
    return s.client.phase === AssociationPhase.connected && s.serverAssociation().phase === AssociationPhase.connected
}

/** Checks that both sides are connected, in this kind of handshake, and exchanges a message in each direction. */
export function goesOn(s: Simulation, resumed: boolean): void {
    strictEqual(s.client.failure, undefined, JSON.stringify(s.client.failure))
    ok(isConnected(s), `${s.client.phase}, ${s.serverAssociation().phase}`)
    deepStrictEqual([s.client.parameters.resumed, s.serverAssociation().parameters.resumed], [resumed, resumed])
    s.clientSends("up")
    s.serverSends("down")
    s.run(s.now + 20)
    deepStrictEqual([s.serverMessages, s.clientMessages], [["up"], ["down"]])
}

/** A pair after one full handshake. */
export function afterFirst(by: "id" | "ticket", seed?: number): Resumable {
    const pair = new Resumable(by, seed)
    goesOn(pair.connect(), false)
    return pair
}

/** Unprotected messages of a kind that were sent. */
export function sentOf(s: Simulation, type: HandshakeType): Message[] {
    return s.log.flatMap((datagram) => messages(datagram)).filter(({ header }) => header.type === type)
}
