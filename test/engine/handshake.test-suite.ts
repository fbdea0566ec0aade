import { AssociationPhase } from "../../src/dtls/association/association-state.js"
import { FailureReason } from "../../src/dtls/handshake/failure.js"
import { type Kit } from "../kit.js"
import { Simulation, testSettings } from "./simulation.js"

export function handshakeTests(t: Kit): void {
    t.describe("handshake on a virtual link", () => {
        // Tests are short, because the official machine limits what a program may do without a pause.
        function connected(): Simulation {
            const s = new Simulation(testSettings(t.crypto), testSettings(t.crypto))
            s.connect()
            return s
        }
        t.test("completes and carries data both ways", async () => {
            const s = connected()
            t.equal(s.client.phase, AssociationPhase.connected)
            t.equal(s.serverAssociation().phase, AssociationPhase.connected)
            t.equal(s.sent, 6)
            s.clientSends("up")
            s.serverSends("down")
            s.run(2000)
            t.equal(s.serverMessages.join(), "up")
            t.equal(s.clientMessages.join(), "down")
        })
        t.test("exports the same keying material on both sides", async () => {
            const s = connected()
            const ours = s.client.exportKeyingMaterial("EXPORTER-test", undefined, 20) as Buffer
            const theirs = s.serverAssociation().exportKeyingMaterial("EXPORTER-test", undefined, 20) as Buffer
            t.equal(ours.toString("hex"), theirs.toString("hex"))
        })
        t.test("closes", async () => {
            const s = connected()
            s.client.shutdown(true, true)
            s.drain()
            s.run(3000)
            t.equal(s.client.phase, AssociationPhase.closed)
            t.equal(s.serverAssociation().peerClosed, true)
        })
        t.test("survives the loss of its last flight", async () => {
            const s = new Simulation(testSettings(t.crypto), testSettings(t.crypto))
            s.fault = (index) => (index === 5 ? [] : [5])
            s.begin()
            s.run(10000)
            t.equal(s.client.phase, AssociationPhase.connected)
        })
        t.test("ends at the deadline when nobody answers", async () => {
            const s = new Simulation(testSettings(t.crypto), testSettings(t.crypto))
            s.fault = () => []
            s.begin()
            s.run(100000)
            const failure = s.client.failure
            t.equal(failure === undefined ? 0 : failure.reason, FailureReason.timeout)
        })
    })
}
