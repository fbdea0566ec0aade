import { SessionCache } from "../../../src/dtls/endpoint/session-cache.js"
import { type HelloExtension } from "../../../src/dtls/handshake/hello-extension.js"
import { TicketKeys } from "../../../src/dtls/handshake/ticket-keys.js"
import { resumeSessions } from "../../../src/dtls/handshake/v12/client-sessions.js"
import { serveSessions } from "../../../src/dtls/handshake/v12/server-sessions.js"
import { resumeSessionsV13 } from "../../../src/dtls/handshake/v13/client-sessions.js"
import { serveSessionsV13 } from "../../../src/dtls/handshake/v13/server-sessions.js"
import { type ShimConfiguration } from "./configuration.js"
import { type Side } from "./side.js"

/** Two hours, like BoringSSL's. */
const LIFETIME = 7200000

/** The client's store key for the runner's sessions. */
const RUNNER = "runner"

/** Sessions that one connection of a test passes on to the next. */
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

    /** The extension for DTLS 1.2. */
    extension(of: ShimConfiguration): HelloExtension {
        const { isServer, noTicket } = of
        const { cache, clock, side } = this
        const { crypto } = side.services
        if (!isServer) return resumeSessions(cache, RUNNER, clock)(crypto)
        const keys = noTicket ? undefined : this.keys
        return serveSessions({ cache, keys, lifetime: LIFETIME, clock })(crypto)
    }

    /** The extensions for DTLS 1.3, where sessions need tickets. */
    extensionsV13(of: ShimConfiguration): HelloExtension[] {
        const { isServer, noTicket } = of
        const { cache, keys, clock, side } = this
        const { crypto } = side.services
        if (!isServer) return [resumeSessionsV13(cache, RUNNER, clock)(crypto)]
        return noTicket ? [] : [serveSessionsV13({ cache, keys, lifetime: LIFETIME, clock })(crypto)]
    }
}
