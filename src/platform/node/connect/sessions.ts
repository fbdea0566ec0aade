import { SessionCache } from "../../../dtls/endpoint/session-cache.js"
import { resumeSessions } from "../../../dtls/handshake/v12/client-sessions.js"
import { serveSessions } from "../../../dtls/handshake/v12/server-sessions.js"
import { resumeSessionsV13, storedUnder } from "../../../dtls/handshake/v13/client-sessions.js"
import { serveSessionsV13 } from "../../../dtls/handshake/v13/server-sessions.js"
import { MAX_SESSION_LIFETIME, type SessionStore } from "../../../dtls/handshake/session.js"
import { TICKET_KEY_LENGTH, TicketKeys } from "../../../dtls/handshake/ticket-keys.js"
import { type DtlsSettings } from "../../../gio/settings.js"
import { type NodeServices } from "../services.js"
import { secretCopy } from "../secret.js"
import { checkNames } from "./option-checks.js"
import { wrongArgument } from "./errors.js"
import { type Versions } from "./versions.js"

/** How a server lets clients resume sessions. */
export interface SessionOptions {
    /** number of sessions to cache for clients that resume by session id and, with `tickets: false`, in DTLS 1.3; 0: none. Default: 1000 */
    capacity?: number | undefined
    /** a cache to use in place of the built-in one, for example one that several servers share */
    cache?: SessionStore | undefined
    /**
     * whether the client stores the session in an encrypted ticket; default: true. If false, DTLS 1.3 tickets only refer to a session in
     * the cache
     */
    tickets?: boolean | undefined
    /**
     * ticket keys for servers that accept each other's tickets: 1 to 4 keys of 32 random bytes, newest first. Default: generated and
     * rotated automatically
     */
    ticketKeys?: readonly Uint8Array[] | undefined
    /** how long a session can be resumed after its full handshake, in ms, up to 7 days; default: 1 day */
    lifetime?: number | undefined
}

const NAMES = ["capacity", "cache", "tickets", "ticketKeys", "lifetime"]

/** Default number of cached sessions. */
const CAPACITY = 1000
/** One day in ms. Automatically generated ticket keys are also replaced at this interval. */
const LIFETIME = 86400000

/** A store for a single session of a client, for `getSession`. */
export class SingleSession implements SessionStore {
    constructor(private session: Buffer | undefined) {}

    load(): Buffer | undefined {
        return this.session === undefined ? undefined : secretCopy(this.session)
    }

    save(_key: string, session: Buffer): void {
        this.remove()
        this.session = secretCopy(session)
    }

    remove(): void {
        this.session?.fill(0)
        this.session = undefined
    }
}

/** Adds resumption to a client's settings. @param server key of the server's session in `store` */
export function addClientSessions(
    settings: DtlsSettings,
    versions: Versions,
    store: SessionStore,
    server: string,
): void {
    if (versions.oldest === "1.2") settings.extensions.push(resumeSessions(store, server, Date.now))
    if (versions.newest === "1.3") settings.extensions.push(resumeSessionsV13(store, server, Date.now))
}

/** Returns a copy of the newest session with the server, for the negotiated version. */
export function sessionIn(store: SessionStore, server: string, isV13: boolean): Buffer | undefined {
    return store.load(isV13 ? storedUnder(server) : server)
}

/** Adds resumption to a server's settings. @returns the ticket keys; undefined: the server issues no tickets */
export function addSessions(
    settings: DtlsSettings,
    services: NodeServices,
    versions: Versions,
    given: SessionOptions | true,
): TicketKeys | undefined {
    const options = given === true ? {} : given
    checkNames(options, NAMES)
    const { capacity = CAPACITY, tickets = true, lifetime = LIFETIME, ticketKeys } = options
    if (!Number.isInteger(capacity) || capacity < 0) throw wrongArgument("sessions.capacity", "a whole number")
    if (typeof tickets !== "boolean") throw wrongArgument("sessions.tickets", "true or false")
    if (!(lifetime > 0 && lifetime <= MAX_SESSION_LIFETIME))
        throw wrongArgument("sessions.lifetime", `milliseconds, above 0 and up to ${MAX_SESSION_LIFETIME}`)
    if (options.cache !== undefined) checkStore("sessions.cache", options.cache)
    const cache = options.cache ?? (capacity === 0 ? undefined : new SessionCache(services, capacity))
    const keys = tickets ? new TicketKeys(services.crypto, Date.now, LIFETIME) : undefined
    if (ticketKeys !== undefined) keys?.setKeys(checkTicketKeys("sessions.ticketKeys", ticketKeys))
    const served = { cache, keys, lifetime, clock: Date.now }
    if (versions.oldest === "1.2") settings.extensions.push(serveSessions(served))
    if (versions.newest === "1.3") settings.extensions.push(serveSessionsV13(served))
    return keys
}

/** Returns `store` if it has all methods of a SessionStore. Otherwise throws ERR_DTLS_INVALID_ARGUMENT. */
export function checkStore(name: string, store: SessionStore): SessionStore {
    const { load, save, remove } = typeof store === "object" && store !== null ? store : ({} as Partial<SessionStore>)
    const usable = [load, save, remove].every((method) => typeof method === "function")
    if (!usable) throw wrongArgument(name, "a SessionStore with load, save and remove")
    return store
}

/** Checks ticket keys and returns copies of them. Throws ERR_DTLS_INVALID_ARGUMENT. */
export function checkTicketKeys(name: string, keys: readonly Uint8Array[]): Buffer[] {
    const usable =
        Array.isArray(keys) &&
        keys.length >= 1 &&
        keys.length <= 4 &&
        keys.every((key) => key instanceof Uint8Array && key.length === TICKET_KEY_LENGTH)
    if (!usable) throw wrongArgument(name, "1 to 4 keys of 32 bytes each, newest first")
    return keys.map(secretCopy)
}
