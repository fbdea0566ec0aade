import { concat, copyOf, EMPTY, equal, wipe } from "../bytes/bytes.js"
import { HashAlgorithm } from "../crypto/algorithms.js"
import { type CryptoProvider } from "../crypto/provider.js"
import { isUsablePsk, type PskAnswer } from "./question.js"
import { type Session, type SessionStore, isExpired } from "./session.js"
import { type TicketKeys } from "./ticket-keys.js"

/** How a server resumes sessions. One object may serve several listeners and both versions. */
export interface ServerSessionOptions {
    /** sessions of clients without tickets; undefined: they are not resumed */
    cache: SessionStore | undefined
    /** undefined: tickets are neither issued nor accepted */
    keys: TicketKeys | undefined
    /** how long a session may be resumed after its full handshake, ms, 1 to 604800000 */
    lifetime: number
    /** ms; servers that share keys or cache need the same clock, such as Unix time */
    clock: () => number
}

/** Largest ticket that is issued or read, bytes; small clients do not store longer messages. */
export const MAX_TICKET = 1000

/**
 * Whether a client that requests this server name may resume the session now.
 * @param certified a client certificate is required: an anonymous session is not resumed, so that the client is asked
 * for one
 */
export function mayResume(session: Session, serverName: string, now: number, certified: boolean): boolean {
    const isKnown = session.peerCertificate !== undefined || session.identity.length > 0
    return session.serverName === serverName && !isExpired(session, now) && (isKnown || !certified)
}

/**
 * Length of the mark that stands for the client's pre-shared key, before a session in a ticket or in the cache, bytes;
 * zeros: it has none.
 */
const MARK_LENGTH = 16

/**
 * The client's external pre-shared key, kept until its session has been marked with it.
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

/** A stored session and its mark. */
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
 * A session in stored form.
 * @param bytes of the session; they are wiped
 * @param key the client's pre-shared key; empty: it has none
 * @param secret of the session
 */
export function withMark(crypto: CryptoProvider, bytes: Buffer, key: Buffer, secret: Buffer): Buffer {
    const kept = concat(markOf(crypto, key, secret), bytes)
    wipe(bytes)
    return kept
}

/** Takes apart the result of `withMark`, which is wiped; undefined: it is malformed. */
export function readMarked(kept: Buffer): MarkedSession | undefined {
    if (kept.length < MARK_LENGTH) return undefined
    const marked = { mark: copyOf(kept, 0, MARK_LENGTH), session: copyOf(kept, MARK_LENGTH, kept.length) }
    wipe(kept)
    return marked
}

/** Whether the client still has the pre-shared key of its full handshake. @param secret of the session */
export function hasSameKey(
    crypto: CryptoProvider,
    mark: Buffer,
    answer: PskAnswer | undefined,
    secret: Buffer,
): boolean {
    return answer !== undefined && isUsablePsk(answer) && equal(mark, markOf(crypto, answer.key, secret))
}
