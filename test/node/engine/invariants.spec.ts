import { doesNotThrow, throws } from "node:assert/strict"
import { OutputKind } from "../../../src/dtls/association/output.js"
import { gatewayLimits } from "../../../src/dtls/handshake/limits.js"
import { AssociationWatch, EndpointWatch } from "../../engine/invariants.js"
import { type Simulation } from "../../engine/simulation.js"
import { connected, simulate } from "../../support/connected.js"
import { SpyCrypto } from "../../support/spy-crypto.js"

/** Reports these outputs to the watch of a new client. */
function told(...kinds: OutputKind[]): void {
    const watch = new AssociationWatch(simulate().client, "client")
    for (const kind of kinds)
        watch.takes({ kind, data: Buffer.alloc(kind === OutputKind.datagram ? 1300 : 1), next: undefined })
}

/** A server that waits for a key exchange which does not come. */
function halfOpen(): Simulation {
    const s = simulate()
    s.fault = (index) => (index < 3 ? [5] : [])
    s.begin()
    s.run(100)
    return s
}

describe("the invariants that every engine test checks", () => {
    it("hold while a client connects, sends and closes", () => {
        doesNotThrow(() => {
            const s = connected()
            s.clientSends("one")
            s.client.shutdown(true, true)
            s.drain()
            s.run(s.now + 100)
        })
    })

    it("are violated by outputs that contradict each other", () => {
        throws(() => told(OutputKind.message), /a message out of its time/)
        throws(() => told(OutputKind.connected, OutputKind.closed, OutputKind.message), /a message out of its time/)
        throws(() => told(OutputKind.connected, OutputKind.connected), /connected twice/)
        throws(() => told(OutputKind.closed), /closed twice, or before it was connected/)
        throws(() => told(OutputKind.question, OutputKind.question), /another one is open/)
        throws(() => told(OutputKind.failed), /a failure without its reason/)
        throws(() => told(OutputKind.datagram), /a datagram of 1300 bytes/)
    })

    it("are violated by a peer without a timer, with another one than its association needs, or kept after its end", () => {
        const without = halfOpen()
        const { peer } = without
        without.server["heap"].remove(peer!)
        throws(() => without.drain(), /has another timer than it wants/)
        const other = halfOpen()
        other.server["heap"].update(other.peer!, 1)
        throws(() => other.drain(), /has another timer than it wants/)
        const kept = connected()
        kept.serverAssociation().shutdown(true, true)
        kept.serverAssociation().poll()
        throws(() => kept.drain(), /is kept after its end/)
    })

    it("are violated by a handshake without a deadline", () => {
        const s = halfOpen()
        s.serverAssociation().deadline = () => Infinity
        throws(() => s.drain(), /a handshake without a deadline/)
    })

    it("are violated by buffers above their limits", () => {
        const s = halfOpen()
        const { limits } = s.serverAssociation().settings
        s.serverAssociation().settings.limits = { ...limits, inboxBytes: -1 }
        throws(() => s.drain(), /0 bytes of messages/)
    })

    it("are violated by a failure from this side's error, even if it ends one peer only", () => {
        const crypto = new SpyCrypto()
        const s = simulate((_client, server) => (server.crypto = crypto))
        crypto.newProtection = () => {
            throw new Error("no handles left")
        }
        throws(() => s.connect(), /an error of this side: no handles left/)
    })

    it("[D02] are violated by a reply to an unknown client that is larger than what it answers, or one too many", () => {
        const watch = new EndpointWatch(simulate().server, gatewayLimits())
        watch.receives(Buffer.alloc(61))
        watch.receives(Buffer.alloc(59))
        watch.replies(Buffer.alloc(60))
        throws(() => watch.replies(Buffer.alloc(60)), /larger than what it answers/)
    })

    it("are violated by counters that do not match the peers", () => {
        const s = connected()
        s.server.peerCount = () => 2
        throws(() => s.drain(), /peerCount is not that of the established peers/)
    })
})
