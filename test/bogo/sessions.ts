import { type CryptoProvider } from "../../src/dtls/crypto/provider.js"
import { SessionCache } from "../../src/dtls/endpoint/session-cache.js"
import { type HelloExtension } from "../../src/dtls/handshake/hello-extension.js"
import { resumeSessions } from "../../src/dtls/handshake/v12/client-sessions.js"
import { serveSessions } from "../../src/dtls/handshake/v12/server-sessions.js"
import { TicketKeys } from "../../src/dtls/handshake/ticket-keys.js"
import { NodeServices } from "../../src/platform/node/services.js"
import { type ShimConfiguration } from "./flags.js"

/** Two hours, as BoringSSL's. */
const LIFETIME = 7200000

/** Sessions of DTLS 1.2 that one connection of a test leaves to the next. */
export class Sessions {
    private cache: SessionCache
    private keys: TicketKeys
    private clock = (): number => Date.now()

    constructor() {
        const services = new NodeServices()
        this.cache = new SessionCache(services, 8)
        this.keys = new TicketKeys(services.crypto, this.clock, LIFETIME)
    }

    extension({ isServer, noTicket }: ShimConfiguration, crypto: CryptoProvider): HelloExtension {
        const { cache, clock } = this
        if (!isServer) return resumeSessions(cache, "runner", clock)(crypto)
        const keys = noTicket ? undefined : this.keys
        return serveSessions({ cache, keys, lifetime: LIFETIME, clock })(crypto)
    }
}
