import { AssociationPhase } from "../../src/dtls/association/association-state.js"
import { readHelloFragment } from "../../src/dtls/endpoint/hello-fragment.js"
import { type Simulation } from "../engine/simulation.js"
import { cut, messages } from "./wire.js"

const isHello = (datagram: Buffer): boolean => readHelloFragment(datagram, datagram.length) !== undefined

/** Selects and orders the fragments of the client's nth hello, counted from 0, as they arrive. */
export type Arrange = (fragments: Buffer[], n: number) => Buffer[]

export const inOrder: Arrange = (fragments) => fragments
export const reversed: Arrange = (fragments) => [...fragments].reverse()

/**
 * Runs the handshake of a client whose hellos arrive in fragments of `size` bytes; everything else arrives unchanged.
 */
export function handshakeInFragments(s: Simulation, size: number, arrange: Arrange = inOrder, until = 30000): void {
    const hellos: Buffer[] = []
    let count = 0
    s.fault = (_index, toServer, data) => {
        if (!toServer || !isHello(data)) return [5]
        hellos.push(data)
        return []
    }
    s.begin()
    const end = s.now + until
    while (s.now < end && s.client.phase === AssociationPhase.handshaking) {
        for (const hello of hellos.splice(0)) {
            for (const piece of arrange(cut(messages(hello)[0], size), count)) s.toServer(piece)
            count++
        }
        s.drain()
        const next = s.now + 50
        s.run(next)
        s.now = next
    }
}

/** Each fragment lost once, duplicated, or reordered. */
export function arrangements(): [string, Arrange][] {
    const lose =
        (index: number): Arrange =>
        (fragments, n) =>
            fragments.filter((_, i) => n % 2 === 0 || i !== index)
    return [
        ["in order", inOrder],
        ["reversed", reversed],
        ["doubled", (fragments) => fragments.flatMap((piece) => [piece, piece])],
        ["first lost", lose(0)],
        ["second lost", lose(1)],
        [
            "last lost, then first",
            (fragments, n) => (n === 1 ? fragments.slice(0, -1) : n === 2 ? fragments.slice(1) : fragments),
        ],
    ]
}
