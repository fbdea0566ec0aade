import { SessionCache } from "../../src/dtls/endpoint/session-cache.js"
import { type AssociationSettings } from "../../src/dtls/handshake/settings.js"
import { resumeSessions } from "../../src/dtls/handshake/v12/client-sessions.js"
import { type ServerSessionOptions } from "../../src/dtls/handshake/server-sessions.js"
import { serveSessions } from "../../src/dtls/handshake/v12/server-sessions.js"
import { TicketKeys } from "../../src/dtls/handshake/ticket-keys.js"
import { listTables, Simulation, testSettings } from "../engine/simulation.js"
import { SpyCrypto } from "./spy-crypto.js"

export const HOUR = 3600000

export type Change = (client: AssociationSettings, server: AssociationSettings) => void

/** A client and a server that keep their sessions from one simulated handshake to the next. */
export class Resumable {
    /** clock of both sides, ms; moved only by tests */
    clock = 1700000000000
    crypto: SpyCrypto
    /** the client's */
    store = new SessionCache(listTables(), 4)
    /** the server's */
    cache = new SessionCache(listTables(), 4)
    options: ServerSessionOptions

    constructor(by: "id" | "ticket", seed?: number) {
        this.crypto = new SpyCrypto(seed)
        const clock = (): number => this.clock
        const keys = by === "ticket" ? new TicketKeys(this.crypto, clock, HOUR) : undefined
        this.options = { cache: this.cache, keys, lifetime: HOUR, clock }
    }

    /** Settings of both sides; each association gets new extensions. */
    settings(change?: Change): [AssociationSettings, AssociationSettings] {
        const client = testSettings(this.crypto)
        const server = testSettings(this.crypto)
        client.extensions = [resumeSessions(this.store, "server", this.options.clock)(this.crypto)]
        change?.(client, server)
        const others = server.extensions
        Object.defineProperty(server, "extensions", {
            configurable: true,
            enumerable: true,
            get: () => [...others, serveSessions(this.options)(this.crypto)],
        })
        return [client, server]
    }

    /** Makes another connection, which has not begun. */
    simulate(change?: Change): Simulation {
        return new Simulation(...this.settings(change))
    }

    connect(change?: Change): Simulation {
        const s = this.simulate(change)
        s.connect()
        return s
    }
}
