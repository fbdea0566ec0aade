import { copyOf } from "../../src/dtls/bytes/bytes.js"
import { AssociationPhase } from "../../src/dtls/association/association-state.js"
import { FailureReason } from "../../src/dtls/handshake/failure.js"
import { prf } from "../../src/dtls/crypto/v12/prf.js"
import { HashAlgorithm } from "../../src/dtls/crypto/algorithms.js"
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
    t.describe("PRF", () => {
        const vector =
            "e3f229ba727be17b8d122620557cd453c2aab21d07c3d495329b52d4e61edb5a6b301791e90d35c9c9a46b4e14baf9af0fa0" +
            "22f7077def17abfd3797c0564bab4fbc91666e9def9b97fce34f796789baa48082d122ee42c5a72e5a5110fff70187347b66"
        function output(length: number): Buffer {
            const secret = t.crypto.newHmac(
                HashAlgorithm.sha256,
                Buffer.from("9bbe436ba940f017b17652849a71db35", "hex"),
            )
            const bytes = prf(secret, "test label", Buffer.from("a0ba9f936cda311827a6f796ffd5198c", "hex"), length)
            secret.close()
            return bytes
        }
        t.test("matches the published TLS 1.2 SHA-256 test vector", async () => {
            t.equal(output(100).toString("hex"), vector)
        })
        t.test("[H27] produces as many bytes as an exporter may ask for", async () => {
            const most = output(8160)
            t.equal(most.length, 8160)
            t.equal(copyOf(most, 0, 100).toString("hex"), vector)
        })
    })
}
