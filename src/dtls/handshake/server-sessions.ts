import { type Session, type SessionStore, isExpired } from "./session.js"
import { type TicketKeys } from "./ticket-keys.js"

/** How a server resumes sessions. One object may serve several listeners, and both versions. */
export interface ServerSessionOptions {
    /** for clients without tickets; undefined: they are not resumed */
    cache: SessionStore | undefined
    /** undefined: no tickets are given or taken */
    keys: TicketKeys | undefined
    /** how long after its full handshake a session may be resumed, ms, 1 to 604800000 */
    lifetime: number
    /** ms; servers that share keys or cache have the same clock, such as Unix time */
    clock: () => number
}

/** The largest ticket that is given or looked at, bytes: a small client keeps no longer message. */
export const MAX_TICKET = 1000

/**
 * Whether a client that asks for this server name may go on with the session now.
 * @param certified a client that has not shown who it is does not: it has to be asked
 */
export function mayResume(session: Session, serverName: string, now: number, certified: boolean): boolean {
    const isKnown = session.peerCertificate !== undefined || session.identity.length > 0
    return session.serverName === serverName && !isExpired(session, now) && (isKnown || !certified)
}
