import { SessionCache } from "../../../../src/dtls/endpoint/session-cache.js"
import { newExchangeV13 } from "../../../../src/dtls/endpoint/v13/hello-exchange.js"
import { clientRoleV13 } from "../../../../src/dtls/association/v13/roles.js"
import { type Question, QuestionKind } from "../../../../src/dtls/handshake/question.js"
import { readMarked, type ServerSessionOptions } from "../../../../src/dtls/handshake/server-sessions.js"
import { TicketKeys } from "../../../../src/dtls/handshake/ticket-keys.js"
import { resumeSessionsV13 } from "../../../../src/dtls/handshake/v13/client-sessions.js"
import { readSessionV13, type SessionV13, writeSessionV13 } from "../../../../src/dtls/handshake/v13/session.js"
import { serveSessionsV13 } from "../../../../src/dtls/handshake/v13/server-sessions.js"
import { TLS_AES_128_CCM_SHA256 } from "../../../../src/dtls/handshake/v13/suites.js"
import { keyShares } from "../../../../src/dtls/key-exchange/v13/key-shares.js"
import { NodeKeys } from "../../../../src/platform/node/keys.js"
import { IDENTITY, listTables, testKey, testSettings } from "../../../engine/simulation.js"
import { type Answers, KeyedSimulation } from "../../../engine/keyed-simulation.js"
import { type Change, HOUR } from "../../../support/resumable.js"
import { SpyCrypto } from "../../../support/spy-crypto.js"

const keys = new NodeKeys()

/** Key of the tickets in the client's store. */
export const STORED = "server 1.3"

/** Answers of a side with only this identity and key. */
export function answersOf(identity: string, key = testKey()): Answers {
    return (question: Question) => {
        if (question.kind === QuestionKind.clientPsk) return { identity: Buffer.from(identity), key }
        if (question.kind !== QuestionKind.psk) return undefined
        return question.identity.toString() === identity ? { identity: question.identity, key } : undefined
    }
}

/** A DTLS 1.3 client and server that keep their sessions from one simulated handshake to the next. */
export class ResumableV13 {
    /** clock of both sides, ms; moved only by tests */
    clock = 1700000000000
    /** how far the client's clock is behind, ms */
    lag = 0
    crypto: SpyCrypto
    /** the client's */
    store = new SessionCache(listTables(), 4)
    options: ServerSessionOptions
    clientAnswers = answersOf(IDENTITY)
    serverAnswers = answersOf(IDENTITY)

    /** @param cached tickets name sessions in the server's cache */
    constructor(cached = false, seed = 1) {
        this.crypto = new SpyCrypto(seed)
        const clock = (): number => this.clock
        const cache = new SessionCache(listTables(), 4)
        this.options = cached
            ? { cache, keys: undefined, lifetime: HOUR, clock }
            : { cache: undefined, keys: new TicketKeys(this.crypto, clock, HOUR), lifetime: HOUR, clock }
    }

    /** The client's tickets, oldest first. */
    kept(): SessionV13[] {
        const list = this.store.load(STORED)
        const sessions: SessionV13[] = []
        for (let at = 1; list !== undefined && at < list.length; at += 2 + list.readUInt16BE(at)) {
            const session = readSessionV13(list.subarray(at + 2, at + 2 + list.readUInt16BE(at)))
            if (session !== undefined) sessions.push(session)
        }
        return sessions
    }

    /** Replaces the client's tickets. */
    keep(sessions: SessionV13[]): void {
        const parts = sessions.map((session) => {
            const bytes = writeSessionV13(session)
            return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 255]), bytes])
        })
        this.store.save(STORED, Buffer.concat([Buffer.from([3]), ...parts]))
    }

    /** Modifies the client's newest ticket. */
    change(change: (session: SessionV13) => void): void {
        const sessions = this.kept()
        change(sessions[sessions.length - 1])
        this.keep(sessions)
    }

    /** Modifies what the server has sealed in the client's newest ticket. */
    reseal(change: (session: SessionV13) => void): void {
        const { keys } = this.options
        this.change((session) => {
            const opened = keys?.open(session.ticket)
            const marked = opened === undefined ? undefined : readMarked(opened.plaintext)
            const sealed = marked === undefined ? undefined : readSessionV13(marked.session)
            if (keys === undefined || marked === undefined || sealed === undefined)
                throw new Error("a ticket of other keys")
            change(sealed)
            session.ticket = keys.seal(Buffer.concat([marked.mark, writeSessionV13(sealed)]))
        })
    }

    /** Makes another connection, which has not begun. Each association gets new extensions. */
    simulate(change?: Change): KeyedSimulation {
        const { crypto, options } = this
        const client = testSettings(crypto)
        const server = testSettings(crypto)
        client.suites = server.suites = [TLS_AES_128_CCM_SHA256()]
        client.extensions = [
            keyShares(keys, false)(crypto),
            resumeSessionsV13(this.store, "server", () => this.clock - this.lag)(crypto),
        ]
        change?.(client, server)
        const others = server.extensions
        const make = (): typeof others => [keyShares(keys, false)(crypto), serveSessionsV13(options)(crypto), ...others]
        Object.defineProperty(server, "extensions", { configurable: true, enumerable: true, get: make })
        return new KeyedSimulation(client, server, this.clientAnswers, this.serverAnswers, {
            clientRole: clientRoleV13,
            newExchange: newExchangeV13(),
        })
    }

    async connect(change?: Change): Promise<KeyedSimulation> {
        const s = this.simulate(change)
        await s.shakeHands(1000)
        return s
    }
}
