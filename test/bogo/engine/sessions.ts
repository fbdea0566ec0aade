import { SessionCache } from "../../../src/dtls/endpoint/session-cache.js"
import { type HelloExtension } from "../../../src/dtls/handshake/hello-extension.js"
import { TicketKeys } from "../../../src/dtls/handshake/ticket-keys.js"
import { resumeSessions } from "../../../src/dtls/handshake/v12/client-sessions.js"
import { serveSessions } from "../../../src/dtls/handshake/v12/server-sessions.js"
import { resumeSessionsV13 } from "../../../src/dtls/handshake/v13/client-sessions.js"
import { serveSessionsV13 } from "../../../src/dtls/handshake/v13/server-sessions.js"
import { type ShimConfiguration } from "./configuration.js"
import { type Side } from "./side.js"

/** Two hours, as BoringSSL's. */
const LIFETIME = 7200000

/** What the client has the runner's sessions under. */
const RUNNER = "runner"

/** Sessions that one connection of a test leaves to the next. */
export class Sessions {
    private cache: SessionCache
    private keys: TicketKeys
    private clock: () => number

    constructor(private side: Side) {
        const { services } = side
        // Unix time, ms
        this.clock = () => (services.wallClock() ?? 0) * 1000
        this.cache = new SessionCache(services, 8)
        this.keys = new TicketKeys(services.crypto, this.clock, LIFETIME)
    }

    /** Of DTLS 1.2. */
    extension(of: ShimConfiguration): HelloExtension {
        const { isServer, noTicket } = of
        const { cache, clock, side } = this
        const { crypto } = side.services
        if (!isServer) return resumeSessions(cache, RUNNER, clock)(crypto)
        const keys = noTicket ? undefined : this.keys
        return serveSessions({ cache, keys, lifetime: LIFETIME, clock })(crypto)
    }

    /** Of DTLS 1.3, which has sessions by tickets alone. */
    extensionsV13(of: ShimConfiguration): HelloExtension[] {
        const { isServer, noTicket } = of
        const { cache, keys, clock, side } = this
        const { crypto } = side.services
        if (!isServer) return [resumeSessionsV13(cache, RUNNER, clock)(crypto)]
        return noTicket ? [] : [serveSessionsV13({ cache, keys, lifetime: LIFETIME, clock })(crypto)]
    }
}
