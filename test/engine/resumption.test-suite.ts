import { AssociationPhase } from "../../src/dtls/association/association-state.js"
import { AeadAlgorithm } from "../../src/dtls/crypto/algorithms.js"
import { SessionCache } from "../../src/dtls/endpoint/session-cache.js"
import { resumeSessions } from "../../src/dtls/handshake/v12/client-sessions.js"
import { type ServerSessionOptions } from "../../src/dtls/handshake/server-sessions.js"
import { serveSessions } from "../../src/dtls/handshake/v12/server-sessions.js"
import { TicketKeys } from "../../src/dtls/handshake/ticket-keys.js"
import { type Kit } from "../kit.js"
import { listTables, Simulation, testSettings } from "./simulation.js"

const HOUR = 3600000

/** Unix time, ms: beyond 2^32, as on a device. */
function clock(): number {
    return 1700000000000
}

export function resumptionTests(t: Kit): void {
    function connect(store: SessionCache, options: ServerSessionOptions): Simulation {
        const client = testSettings(t.crypto)
        const server = testSettings(t.crypto)
        client.extensions = [resumeSessions(store, "server", clock)(t.crypto)]
        server.extensions = [serveSessions(options)(t.crypto)]
        const s = new Simulation(client, server)
        s.connect()
        t.equal(s.client.phase, AssociationPhase.connected)
        return s
    }
    function resumes(options: ServerSessionOptions): void {
        const store = new SessionCache(listTables(), 1)
        t.equal(connect(store, options).client.parameters.resumed, false)
        const s = connect(store, options)
        t.equal(s.client.parameters.resumed, true)
        t.equal(s.serverAssociation().parameters.resumed, true)
        s.clientSends("up")
        s.serverSends("down")
        s.run(2000)
        t.equal(s.serverMessages.join(), "up")
        t.equal(s.clientMessages.join(), "down")
    }
    t.describe("session resumption", () => {
        t.test("by session id", async () => {
            resumes({ cache: new SessionCache(listTables(), 2), keys: undefined, lifetime: HOUR, clock })
        })
        t.test("by ticket, where the platform can seal one", async () => {
            const keys = t.crypto.hasAead(AeadAlgorithm.aes256Ccm) ? new TicketKeys(t.crypto, clock, HOUR) : undefined
            resumes({ cache: new SessionCache(listTables(), 2), keys, lifetime: HOUR, clock })
        })
    })
}
