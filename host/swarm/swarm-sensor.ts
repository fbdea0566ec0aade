import { CoapCode, CoapOption, codeText } from "../../src/coap/code-points.js"
import { type CoapMessage, uintOptionOf } from "../../src/coap/message.js"
import { type CoapUri } from "../../src/coap/uri.js"
import { type Aead } from "../../src/dtls/crypto/provider.js"
import { Cancellable } from "../../src/gio/cancellable.js"
import { isIoError, IOErrorEnum } from "../../src/gio/errors.js"
import { type DtlsSettings } from "../../src/gio/settings.js"
import { type Signal } from "../../src/platform/services.js"
import { senmlFormat } from "../../src/sensor/payload.js"
import { sampleRequest } from "../../src/sensor/request.js"
import { errorText } from "../describe.js"
import { type Gate } from "./gate.js"
import { type SessionParts, type SleepingSession, SwarmSession } from "./session.js"
import { type Tally } from "./tally.js"

/** What all sensors of a swarm share. */
export interface SwarmParts extends SessionParts {
    /** seals sessions that sleep */
    wrapper: Aead
    /** ms between readings */
    interval: number
    /** probability that a sensor has another address before a reading, 0 to 1 */
    move: number
    random: () => number
    /** for handshakes */
    gate: Gate
    tally: Tally
    /** notified when the swarm ends */
    ending: Signal
    /** told of each kind of trouble once */
    problem: (sentence: string) => void
}

/** One sensor of a swarm. */
export interface SwarmMember {
    /** names its readings */
    name: string
    /** psk_identity, as text */
    identity: string
    target: CoapUri
    settings: DtlsSettings
    /** its session sleeps, without a socket, between readings */
    sleeps: boolean
}

const format = senmlFormat("urn:mote:swarm:")

/** Longest pause that a gateway can ask for, ms: a swarm ends some time. */
const LONGEST_PAUSE = 60000

/**
 * Posts readings whose value is their number: 1, 2, and so on. The next number is used once the one before is acknowledged, so that
 * after `acknowledged` readings the numbers from 1 up to it have to be where the gateway keeps them.
 */
export class SwarmSensor {
    acknowledged = 0
    /** the reading of the next number was posted, and perhaps taken */
    isOpen = false
    private session: SwarmSession | undefined
    private sleeping: SleepingSession | undefined
    private stopping = new Cancellable()
    private ended = false

    constructor(
        private parts: SwarmParts,
        readonly member: SwarmMember,
    ) {}

    /** Whether it has a session, awake or asleep. */
    isConnected(): boolean {
        return this.session !== undefined || this.sleeping !== undefined
    }

    /** A handshake, when it is its turn. @returns whether it has a session now */
    async connect(): Promise<boolean> {
        const { tally, gate } = this.parts
        try {
            await gate.within(async () => {
                if (this.ended) return
                this.session = await SwarmSession.begin(this.parts, this.member.settings, this.stopping)
                tally.handshakes++
            })
        } catch (error) {
            if (!isIoError(error, IOErrorEnum.CANCELLED)) tally.failedHandshakes++
            this.trouble(error)
        }
        return this.isConnected()
    }

    /** Posts until `end`; the first reading comes at some moment of the first interval. */
    async run(): Promise<void> {
        const { interval, random } = this.parts
        await this.rest(interval * random())
        while (!this.ended) {
            const begun = performance.now()
            const pause = await this.turn()
            await this.rest(Math.max(interval - (performance.now() - begun), pause))
        }
    }

    /** One reading. @returns ms that the gateway wants to be left alone */
    private async turn(): Promise<number> {
        const session = await this.ready()
        if (session === undefined) return 0
        const { tally } = this.parts
        const begun = performance.now()
        let pause = 0
        try {
            this.isOpen = true
            tally.posted++
            const answer = await session.coap.request(this.request(), this.stopping)
            pause = this.take(answer, performance.now() - begun)
            if (this.member.sleeps && !this.ended) await this.fallAsleep(session)
        } catch (error) {
            if (!isIoError(error, IOErrorEnum.CANCELLED)) tally.unanswered++
            await this.lose(error)
        }
        return pause
    }

    private async rest(time: number): Promise<void> {
        if (!this.ended) await this.parts.ending.wait(Math.max(time, 1))
    }

    private async ready(): Promise<SwarmSession | undefined> {
        try {
            if (this.session !== undefined && this.parts.random() < this.parts.move) await this.fallAsleep(this.session)
            if (this.sleeping !== undefined) await this.wakeUp(this.sleeping)
        } catch (error) {
            await this.lose(error)
        }
        if (this.session === undefined) await this.connect()
        return this.session
    }

    private async fallAsleep(session: SwarmSession): Promise<void> {
        this.sleeping = await session.sleep(this.parts.wrapper)
        this.session = undefined
    }

    private async wakeUp(sleeping: SleepingSession): Promise<void> {
        this.sleeping = undefined
        this.session = await SwarmSession.wake(this.parts, this.member.settings, sleeping, this.parts.wrapper)
        this.parts.tally.moved++
    }

    private request(): ReturnType<typeof sampleRequest> {
        const { name, target } = this.member
        const number = this.acknowledged + 1
        const readings = [{ name, unit: "count", value: number }]
        return sampleRequest(target, format, { number, time: undefined, readings })
    }

    /** @returns ms that the gateway wants to be left alone */
    private take(answer: CoapMessage, time: number): number {
        const { tally, problem } = this.parts
        if (answer.code < CoapCode.BAD_REQUEST) {
            this.acknowledged++
            this.isOpen = false
            tally.answered(time)
            return 0
        }
        if (answer.code === CoapCode.SERVICE_UNAVAILABLE) {
            tally.delayed++
            return Math.min(uintOptionOf(answer, CoapOption.MAX_AGE, 60) * 1000, LONGEST_PAUSE)
        }
        tally.refused++
        const sentence = `the gateway answers ${codeText(answer.code)}`
        if (tally.trouble(sentence)) problem(`${sentence} ${answer.payload.toString()}`.trim())
        return 0
    }

    /** The session is of no use any more. */
    private async lose(error: unknown): Promise<void> {
        this.trouble(error)
        this.sleeping = undefined
        await this.session?.close()
        this.session = undefined
    }

    private trouble(error: unknown): void {
        if (isIoError(error, IOErrorEnum.CANCELLED)) return
        const sentence = errorText(error)
        if (this.parts.tally.trouble(sentence)) this.parts.problem(sentence)
    }

    /** No more readings after the one under way. @param now nor the rest of that one */
    end(now: boolean): void {
        this.ended = true
        if (now) this.stopping.cancel()
    }

    /** With close_notify; a session that sleeps wakes for it no more. */
    async close(): Promise<void> {
        await this.session?.close()
    }
}
