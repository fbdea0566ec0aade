import { AssociationPhase } from "../../src/dtls/association/association-state.js"
import { ConnectionIds } from "../../src/dtls/handshake/connection-ids.js"
import { type Kit } from "../kit.js"
import { Simulation, testSettings } from "./simulation.js"

export function connectionIdTests(t: Kit): void {
    t.describe("connection ids", () => {
        t.test("let a client change its address", async () => {
            const client = testSettings(t.crypto)
            const server = testSettings(t.crypto)
            client.extensions = [new ConnectionIds(Buffer.alloc(0))]
            server.extensions = [new ConnectionIds(Buffer.from("c0ffee", "hex"))]
            const s = new Simulation(client, server)
            s.connect()
            t.equal(s.client.phase, AssociationPhase.connected)
            s.clientAddress = "elsewhere|7"
            s.clientSends("up")
            s.run(s.now + 100)
            t.equal(s.serverMessages.join(), "up")
            t.equal(s.peer === undefined ? "" : s.peer.key, "elsewhere|7")
        })
    })
}
