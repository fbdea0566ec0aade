import { type CryptoProvider } from "../../src/dtls/crypto/provider.js"
import { SessionCache } from "../../src/dtls/endpoint/session-cache.js"
import { type HelloExtension } from "../../src/dtls/handshake/hello-extension.js"
import { TicketKeys } from "../../src/dtls/handshake/ticket-keys.js"
import { resumeSessions } from "../../src/dtls/handshake/v12/client-sessions.js"
import { serveSessions } from "../../src/dtls/handshake/v12/server-sessions.js"
import { resumeSessionsV13 } from "../../src/dtls/handshake/v13/client-sessions.js"
import { serveSessionsV13 } from "../../src/dtls/handshake/v13/server-sessions.js"
import { NodeServices } from "../../src/platform/node/services.js"
import { type ShimConfiguration } from "./flags.js"

/** Two hours, as BoringSSL's. */
const LIFETIME = 7200000

/** What the client has the runner's sessions under. */
const RUNNER = "runner"

/** Sessions that one connection of a test leaves to the next. */
export class Sessions {
    private cache: SessionCache
    private keys: TicketKeys
    private clock = (): number => Date.now()

    constructor() {
        const services = new NodeServices()
        this.cache = new SessionCache(services, 8)
        this.keys = new TicketKeys(services.crypto, this.clock, LIFETIME)
    }

    /** Of DTLS 1.2. */
    extension({ isServer, noTicket }: ShimConfiguration, crypto: CryptoProvider): HelloExtension {
        const { cache, clock } = this
        if (!isServer) return resumeSessions(cache, RUNNER, clock)(crypto)
        const keys = noTicket ? undefined : this.keys
        return serveSessions({ cache, keys, lifetime: LIFETIME, clock })(crypto)
    }

    /** Of DTLS 1.3, which has sessions by tickets alone. */
    extensionsV13({ isServer, noTicket }: ShimConfiguration, crypto: CryptoProvider): HelloExtension[] {
        const { cache, keys, clock } = this
        if (!isServer) return [resumeSessionsV13(cache, RUNNER, clock)(crypto)]
        return noTicket ? [] : [serveSessionsV13({ cache, keys, lifetime: LIFETIME, clock })(crypto)]
    }
}
