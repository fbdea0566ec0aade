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
import { checkNames } from "./check-names.js"
import { wrongArgument } from "./errors.js"
import { type Versions } from "./versions.js"

/** How a server lets its clients resume sessions. */
export interface SessionOptions {
    /** sessions kept for clients that resume by session id, or without `tickets` in DTLS 1.3; 0: none, default 1000 */
    capacity?: number | undefined
    /** in place of a cache of that capacity, such as one that several servers have */
    cache?: SessionStore | undefined
    /** whether the client brings a session along, sealed; default true. In DTLS 1.3 a ticket else names a session of the cache */
    tickets?: boolean | undefined
    /** 1 to 4 of 32 random bytes, newest first, for servers that take each other's tickets; default: drawn and changed here */
    ticketKeys?: readonly Uint8Array[] | undefined
    /** ms that a session may be resumed for after its full handshake, up to 7 days; default 1 day */
    lifetime?: number | undefined
}

const NAMES = ["capacity", "cache", "tickets", "ticketKeys", "lifetime"]

/** Sessions kept by a server by default. */
const CAPACITY = 1000
/** One day, ms; keys for tickets that are drawn here change as often. */
const LIFETIME = 86400000

/** A client's one session, for `getSession`. */
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

/** The settings of a client that resumes sessions. @param server by which `store` has them */
export function addClientSessions(
    settings: DtlsSettings,
    versions: Versions,
    store: SessionStore,
    server: string,
): void {
    if (versions.oldest === "1.2") settings.extensions.push(resumeSessions(store, server, Date.now))
    if (versions.newest === "1.3") settings.extensions.push(resumeSessionsV13(store, server, Date.now))
}

/** A copy of the newest session with the server, of the version that was agreed on. */
export function sessionIn(store: SessionStore, server: string, isV13: boolean): Buffer | undefined {
    return store.load(isV13 ? storedUnder(server) : server)
}

/** The settings of a server that resumes sessions. @returns the keys of its tickets; undefined: it gives none */
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

/** Throws ERR_DTLS_INVALID_ARGUMENT. */
export function checkStore(name: string, store: SessionStore): SessionStore {
    const { load, save, remove } = typeof store === "object" && store !== null ? store : ({} as Partial<SessionStore>)
    const usable = [load, save, remove].every((method) => typeof method === "function")
    if (!usable) throw wrongArgument(name, "a SessionStore with load, save and remove")
    return store
}

/** Copies. Throws ERR_DTLS_INVALID_ARGUMENT. */
export function checkTicketKeys(name: string, keys: readonly Uint8Array[]): Buffer[] {
    const usable =
        Array.isArray(keys) &&
        keys.length >= 1 &&
        keys.length <= 4 &&
        keys.every((key) => key instanceof Uint8Array && key.length === TICKET_KEY_LENGTH)
    if (!usable) throw wrongArgument(name, "1 to 4 keys of 32 bytes each, newest first")
    return keys.map(secretCopy)
}
