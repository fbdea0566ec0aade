import { deepStrictEqual, ok, strictEqual } from "node:assert"
import { AssociationPhase } from "../../../../src/dtls/association/association-state.js"
import { TLS_AES_128_CCM_SHA256 } from "../../../../src/dtls/handshake/v13/suites.js"
import { Alpn } from "../../../../src/dtls/handshake/alpn.js"
import { FailureReason } from "../../../../src/dtls/handshake/failure.js"
import { type AssociationSettings } from "../../../../src/dtls/handshake/settings.js"
import { clientRoleV13, serverRoleV13 } from "../../../../src/dtls/association/v13/roles.js"
import { AlertDescription } from "../../../../src/dtls/wire/code-points.js"
import { DTLS_1_3 } from "../../../../src/dtls/wire/v13/code-points.js"
import { NodeCryptoProvider } from "../../../../src/platform/node/crypto.js"
import { AssociationPair, PairSide } from "../../../engine/association-pair.js"
import { testKey, testSettings } from "../../../engine/simulation.js"

function settings(): AssociationSettings {
    return { ...testSettings(new NodeCryptoProvider()), suites: [TLS_AES_128_CCM_SHA256()] }
}

function pair(serverKey = testKey(), client = settings(), server = settings()): AssociationPair {
    return new AssociationPair(
        new PairSide(client, clientRoleV13(), testKey()),
        new PairSide(server, serverRoleV13(), serverKey),
    )
}

describe("a handshake of DTLS 1.3", () => {
    it("completes with an external PSK and carries messages both ways, and both sides export the same keying material", () => {
        const { client, server } = connected()
        strictEqual(client.association.parameters.version, DTLS_1_3)
        deepStrictEqual([client.association.snapshot().readEpoch, server.association.snapshot().readEpoch], [3, 3])
        const material = [client, server].map(({ association }) =>
            association.exportKeyingMaterial("EXPORTER-test", undefined, 80)?.toString("hex"),
        )
        ok(material[0] !== undefined)
        strictEqual(material[0], material[1])
    })

    it("negotiates extensions in EncryptedExtensions: ALPN", () => {
        const [client, server] = [settings(), settings()]
        client.extensions = [new Alpn(["h3", "coap"], false)]
        server.extensions = [new Alpn(["coap"], false)]
        const two = pair(testKey(), client, server)
        two.connect()
        strictEqual((client.extensions[0] as Alpn).selected, "coap")
    })

    it("ends with decrypt_error when the keys differ: the binder does not verify", () => {
        const { client, server } = pair(Buffer.alloc(16, 9))
        const two = new AssociationPair(client, server)
        two.connect()
        strictEqual(server.association.failure?.reason, FailureReason.keyMismatch)
        strictEqual(server.association.failure?.alert, AlertDescription.decryptError)
        strictEqual(client.association.phase, AssociationPhase.handshaking)
    })

    it("shows nothing of a message, its type or its record number in plaintext", () => {
        const { client } = connected()
        const [first, second] = client.sent.slice(-2)
        // Unified header with a number of 8 bits and no length, epoch 3.
        strictEqual(first[0], 0x23)
        ok(!first.includes("ping") && first.length === 2 + 4 + 1 + 16)
        ok(first[1] + 1 !== second[1], "record numbers are encrypted")
    })

    it("removes padding: zeros behind the content type", () => {
        const { client, server } = connected()
        const padded = Buffer.concat([Buffer.from("padded"), Buffer.from([23, 0, 0])])
        const datagram = client.association.record.write.protection!.sealRecords(0, 9, [padded], true)
        server.association.receive(datagram, datagram.length, 0)
        server.drain()
        strictEqual(server.messages.at(-1), "padded")
    })
})

/** With two messages from the client and one from the server. */
function connected(): AssociationPair {
    const two = pair()
    two.connect()
    strictEqual(two.client.association.phase, AssociationPhase.connected)
    strictEqual(two.server.association.phase, AssociationPhase.connected)
    for (const message of ["ping", "again"]) two.client.association.send([Buffer.from(message)], false)
    two.server.association.send([Buffer.from("pong")], false)
    two.exchange()
    deepStrictEqual([two.server.messages, two.client.messages], [["ping", "again"], ["pong"]])
    return two
}
