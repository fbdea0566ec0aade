import { AssociationPhase } from "../../src/dtls/association/association-state.js"
import { clientRoleV13 } from "../../src/dtls/association/v13/roles.js"
import { AeadAlgorithm, HashAlgorithm } from "../../src/dtls/crypto/algorithms.js"
import { newExchangeV12 } from "../../src/dtls/endpoint/cookie-exchange.js"
import { newExchangeV13 } from "../../src/dtls/endpoint/v13/hello-exchange.js"
import { type CipherSuite } from "../../src/dtls/handshake/cipher-suite.js"
import { type AssociationSettings } from "../../src/dtls/handshake/settings.js"
import { clientRole } from "../../src/dtls/association/v12/roles.js"
import {
    TLS_AES_128_CCM_8_SHA256,
    TLS_AES_128_CCM_SHA256,
    TLS_AES_256_GCM_SHA384,
} from "../../src/dtls/handshake/v13/suites.js"
import { TLS_PSK_WITH_AES_128_CCM_8, TLS_PSK_WITH_AES_256_GCM_SHA384 } from "../../src/dtls/key-exchange/suites.js"
import { AlertDescription } from "../../src/dtls/wire/code-points.js"
import { type Kit } from "../kit.js"
import { listTables, type SimulatedVersions, Simulation, testSettings } from "./simulation.js"

function newer(): SimulatedVersions {
    return { clientRole: () => clientRoleV13(), newExchange: newExchangeV13() }
}

function older(): SimulatedVersions {
    return { clientRole: () => clientRole(), newExchange: newExchangeV12() }
}

/** What other suites do not use by default: DTLS 1.3, and the hash with 48 bytes. */
export function versionTests(t: Kit): void {
    function settings(suite: CipherSuite): AssociationSettings {
        const made = testSettings(t.crypto)
        made.suites = [suite]
        return made
    }
    function between(suite: CipherSuite, versions: SimulatedVersions): Simulation {
        return new Simulation(settings(suite), settings(suite), listTables(), versions)
    }
    function withLoss(lost: number): Simulation {
        const s = between(TLS_AES_128_CCM_SHA256(), newer())
        s.fault = (index) => (index === lost ? [] : [5])
        s.begin()
        s.run(10000)
        return s
    }
    function carries(s: Simulation): void {
        t.equal(s.client.phase, AssociationPhase.connected)
        t.equal(s.serverAssociation().phase, AssociationPhase.connected)
        s.clientSends("up")
        s.serverSends("down")
        s.run(20000)
        t.equal(s.serverMessages.join(), "up")
        t.equal(s.clientMessages.join(), "down")
        const [ours, theirs] = [s.client, s.serverAssociation()].map((side) =>
            (side.exportKeyingMaterial("EXPORTER-test", undefined, 20) as Buffer).toString("hex"),
        )
        t.equal(ours, theirs)
    }
    t.describe("DTLS 1.3 on a virtual link", () => {
        t.test("completes with CCM and with CCM_8, and carries data both ways", async () => {
            for (const suite of [TLS_AES_128_CCM_SHA256(), TLS_AES_128_CCM_8_SHA256()]) {
                const s = between(suite, newer())
                s.connect()
                carries(s)
            }
        })
        t.test("survives the loss of each of its first datagrams", async () => {
            for (let lost = 0; lost < 6; lost++) carries(withLoss(lost))
        })
        t.test("ends with decrypt_error when the keys differ", async () => {
            const s = between(TLS_AES_128_CCM_SHA256(), newer())
            s.serverKey = Buffer.alloc(16)
            s.begin()
            s.run(100000)
            const { failure } = s.client
            t.equal(failure === undefined ? 0 : failure.alert, AlertDescription.decryptError)
        })
    })
    t.describe("SHA-384", () => {
        t.test("AES_256_GCM_SHA384 completes in both versions where the platform has it", async () => {
            const { crypto } = t
            const has = crypto.hasHash(HashAlgorithm.sha384) && crypto.hasAead(AeadAlgorithm.aes256Gcm)
            for (const s of [
                between(has ? TLS_PSK_WITH_AES_256_GCM_SHA384() : TLS_PSK_WITH_AES_128_CCM_8(), older()),
                between(has ? TLS_AES_256_GCM_SHA384() : TLS_AES_128_CCM_SHA256(), newer()),
            ]) {
                s.connect()
                carries(s)
            }
        })
    })
}
