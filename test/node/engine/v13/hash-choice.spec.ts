import { deepStrictEqual, ok, strictEqual } from "node:assert/strict"
import { AssociationPhase } from "../../../../src/dtls/association/association-state.js"
import { SHA_256 } from "../../../../src/dtls/crypto/algorithms.js"
import { type CipherSuite } from "../../../../src/dtls/handshake/cipher-suite.js"
import { FailureReason } from "../../../../src/dtls/handshake/failure.js"
import { QuestionKind } from "../../../../src/dtls/handshake/question.js"
import { type AssociationSettings } from "../../../../src/dtls/handshake/settings.js"
import { TLS_AES_128_CCM_SHA256, TLS_AES_256_GCM_SHA384 } from "../../../../src/dtls/handshake/v13/suites.js"
import { x509Only } from "../../../../src/dtls/key-exchange/certificate-types.js"
import { certificates } from "../../../../src/dtls/key-exchange/v13/certificates.js"
import { AlertDescription } from "../../../../src/dtls/wire/code-points.js"
import { NodeKeys } from "../../../../src/platform/node/keys.js"
import { IDENTITY, type Simulation, testKey } from "../../../engine/simulation.js"
import { type Answers, type KeyedSimulation } from "../../../engine/keyed-simulation.js"
import { certified, CertifiedSide } from "./certified.js"
import { ResumableV13 } from "./resumable.js"
import { isSettled, simulateV13 } from "./versions.js"

const [short, long] = [TLS_AES_128_CCM_SHA256(), TLS_AES_256_GCM_SHA384()]

type Change = (client: AssociationSettings, server: AssociationSettings) => void

function suites(ofClient: CipherSuite[], ofServer: CipherSuite[]): Change {
    return (client, server) => {
        client.suites = ofClient
        server.suites = ofServer
    }
}

/** A handshake with a pre-shared key. */
function withKey(ofClient: CipherSuite[], ofServer: CipherSuite[], lost = -1): Simulation {
    const s = simulateV13(suites(ofClient, ofServer))
    s.fault = (index) => (index === lost ? [] : [5])
    s.begin()
    s.run(10000)
    return s
}

function suiteOf(s: Simulation): CipherSuite | undefined {
    strictEqual(s.client.failure, undefined, JSON.stringify(s.client.failure))
    const [ours, theirs] = [s.client, s.serverAssociation()].map((side) =>
        side.exportKeyingMaterial("EXPORTER-test", undefined, 32)?.toString("hex"),
    )
    ok(ours !== undefined)
    strictEqual(ours, theirs)
    strictEqual(s.client.parameters.suite?.id, s.serverAssociation().parameters.suite?.id)
    return s.client.parameters.suite
}

describe("the hash of a handshake of DTLS 1.3", () => {
    it("with a pre-shared key is SHA-256: it decides the suite, not either side's preference", () => {
        strictEqual(suiteOf(withKey([long, short], [long, short]))?.name, short.name)
        strictEqual(suiteOf(withKey([long, short], [short]))?.name, short.name)
    })

    it("is SHA-384 where both sides have no suite with another one, whatever datagram is lost", () => {
        for (let lost = -1; lost < 6; lost++) {
            const s = withKey([long], [long], lost)
            strictEqual(suiteOf(s)?.name, long.name)
            s.clientSends("up")
            s.serverSends("down")
            s.run(20000)
            deepStrictEqual([s.serverMessages, s.clientMessages], [["up"], ["down"]])
        }
    })

    it("must be common to both sides: handshake_failure", () => {
        for (const [ofClient, ofServer] of [
            [[long], [short, long]],
            [[short, long], [long]],
        ] as const) {
            const { client } = withKey([...ofClient], [...ofServer])
            deepStrictEqual(
                [client.failure?.reason, client.failure?.alert],
                [FailureReason.peerAlert, AlertDescription.handshakeFailure],
            )
        }
    })

    it("must fit the key: a server that picks another suite is refused with illegal_parameter", () => {
        const wrong = { ...long, hash: SHA_256() }
        const { client } = withKey([short, long], [wrong])
        deepStrictEqual(
            [client.failure?.reason, client.failure?.alert],
            [FailureReason.illegalParameter, AlertDescription.illegalParameter],
        )
    })
})

describe("the hash of a handshake of DTLS 1.3 with certificates", () => {
    const [client, server] = [new CertifiedSide(true), new CertifiedSide(true)]
    const known = { client: client.knows(server), server: server.knows(client) }
    const withPsk: Answers = (question) =>
        question.kind === QuestionKind.clientPsk
            ? { identity: Buffer.from(IDENTITY), key: testKey() }
            : known.client(question)

    it("is that of the suite which the server prefers", async () => {
        for (const preferred of [short, long]) {
            const s = certified({ ...known, change: suites([short, long], [preferred, short, long]) })
            await s.shakeHands(1000)
            ok(isSettled(s))
            strictEqual(suiteOf(s)?.name, preferred.name)
        }
    })

    it("may differ from that of the client's pre-shared key: after the HelloRetryRequest the key is left out", async () => {
        const s = certified({ ...known, client: withPsk, change: suites([short, long], [long]) })
        await s.shakeHands(1000)
        ok(isSettled(s), JSON.stringify(s.client.failure))
        strictEqual(suiteOf(s)?.name, long.name)
        deepStrictEqual(s.client.parameters.identity.length, 0)
    })
})

/** Both sides have certificates; the client prefers SHA-256, the server SHA-384. */
async function resumable(ofClient: CipherSuite[]): Promise<{ pair: ResumableV13; change: Change }> {
    const [client, server] = [new CertifiedSide(true), new CertifiedSide(true)]
    const pair = new ResumableV13()
    pair.clientAnswers = client.knows(server)
    pair.serverAnswers = server.knows(client)
    const make = certificates(new NodeKeys(), x509Only())
    const change: Change = (one, other) => {
        one.suites = ofClient
        other.suites = [long, short]
        one.extensions = [...one.extensions, make(one.crypto)]
        other.extensions = [...other.extensions, make(other.crypto)]
    }
    const first = await pair.connect(change)
    strictEqual(first.client.phase, AssociationPhase.connected, JSON.stringify(first.client.failure))
    return { pair, change }
}

function resumedWith(s: KeyedSimulation): [boolean, string | undefined] {
    return [s.client.parameters.resumed, suiteOf(s)?.name]
}

describe("a ticket of DTLS 1.3", () => {
    it("uses its session's hash, with which the client hashes the hello", async () => {
        const { pair, change } = await resumable([short, long])
        strictEqual(pair.kept()[0].suite, long.id)
        deepStrictEqual(resumedWith(await pair.connect(change)), [true, long.name])
    })

    it("whose suite the client no longer has is not offered", async () => {
        const { pair, change } = await resumable([short, long])
        const without: Change = (client, server) => {
            change(client, server)
            client.suites = [short]
        }
        deepStrictEqual(resumedWith(await pair.connect(without)), [false, short.name])
    })

    it("is left out after a HelloRetryRequest with a suite that it does not fit", async () => {
        const { pair, change } = await resumable([short])
        strictEqual(pair.kept()[0].suite, short.id)
        const changed: Change = (client, server) => {
            change(client, server)
            client.suites = [short, long]
            server.suites = [long]
        }
        deepStrictEqual(resumedWith(await pair.connect(changed)), [false, long.name])
    })
})
