import { copyOf, EMPTY, equal, join, wipe } from "../bytes/bytes.js"
import { HashAlgorithm } from "../crypto/algorithms.js"
import { type CryptoProvider } from "../crypto/provider.js"
import { isUsablePsk, type PskAnswer } from "./question.js"
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

/** Bytes before a session, in a ticket or in the cache, that stand for the client's pre-shared key; zeros: it has none. */
const MARK_LENGTH = 16

/**
 * The client's external pre-shared key, until its session has its mark.
 * @devsWhenUsed
 */
export class ClientKey {
    /** empty: it has none */
    bytes = EMPTY

    /** Copies it. */
    keep(key: Buffer): void {
        this.forget()
        this.bytes = copyOf(key, 0, key.length)
    }

    forget(): void {
        wipe(this.bytes)
        this.bytes = EMPTY
    }
}

/** A session as it was kept, and its mark. */
export interface MarkedSession {
    mark: Buffer
    session: Buffer
}

function markOf(crypto: CryptoProvider, key: Buffer, secret: Buffer): Buffer {
    if (key.length === 0) return Buffer.alloc(MARK_LENGTH)
    const hmac = crypto.newHmac(HashAlgorithm.sha256, key)
    const mark = copyOf(hmac.sign(secret), 0, MARK_LENGTH)
    hmac.close()
    return mark
}

/**
 * A session as it is kept.
 * @param bytes of the session; they are wiped
 * @param key the client's pre-shared key; empty: it has none
 * @param secret of the session
 */
export function withMark(crypto: CryptoProvider, bytes: Buffer, key: Buffer, secret: Buffer): Buffer {
    const kept = join([markOf(crypto, key, secret), bytes])
    wipe(bytes)
    return kept
}

/** Takes apart what `withMark` gave, which is wiped; undefined: it is none. */
export function readMarked(kept: Buffer): MarkedSession | undefined {
    if (kept.length < MARK_LENGTH) return undefined
    const marked = { mark: copyOf(kept, 0, MARK_LENGTH), session: copyOf(kept, MARK_LENGTH, kept.length) }
    wipe(kept)
    return marked
}

/** Whether the client still has the pre-shared key that it had in the full handshake. @param secret of the session */
export function hasSameKey(
    crypto: CryptoProvider,
    mark: Buffer,
    answer: PskAnswer | undefined,
    secret: Buffer,
): boolean {
    return answer !== undefined && isUsablePsk(answer) && equal(mark, markOf(crypto, answer.key, secret))
}
