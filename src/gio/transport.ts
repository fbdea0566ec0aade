import { type Output, OutputKind } from "../dtls/association/output.js"
import { type Endpoint, type Source } from "../dtls/endpoint/endpoint.js"
import { type Peer } from "../dtls/endpoint/peer.js"
import { NEVER } from "../dtls/flight/retransmission.js"
import { type PskAnswer, type Question } from "../dtls/handshake/question.js"
import { type Services, type Signal } from "../platform/services.js"
import { Cancellable } from "./cancellable.js"
import { type DatagramBased, InputMessage, OutputMessage } from "./datagram-based.js"
import { GError, ioError, IOErrorEnum, isIoError } from "./errors.js"
import { type PskSource } from "./settings.js"
import { LogLevel } from "./log-level.js"
import { addressKey, type SocketAddress } from "./socket-address.js"

/** RFC 7925 §4.2 has suites of 128 bits; a shorter key is what an attacker searches for, bytes. */
const SHORTEST_STRONG_KEY = 16

/** Pause after a receive error that passes, ms. */
const ERROR_PAUSE = 50

/** What the owner of a transport hears of. */
export interface TransportOwner {
    /** an output of a peer's association that is neither a datagram nor a question */
    onOutput(peer: Peer, output: Output): void
    /** the base socket reports an error; `fatal`: nothing can be received any more */
    onBaseError(error: GError, fatal: boolean): void
}

/**
 * Drives an endpoint over its base socket: one task receives, one keeps the time, whether or not the
 * application is in a call. Everything that the engine wants done is done in `drain`.
 * @devsWhenUsed
 */
export class Transport {
    private wake: Signal
    private stopping = new Cancellable()
    private started = false
    private stopped = false
    /** said once: a server may have many keys */
    private weakKeySeen = false
    /** when the time keeper will look next, ms */
    private lookAt = NEVER

    constructor(
        private services: Services,
        private base: DatagramBased,
        private endpoint: Endpoint,
        private psk: PskSource,
        private owner: TransportOwner,
        /** largest datagram to receive, bytes */
        private datagramBytes: number,
    ) {
        this.wake = services.newSignal()
    }

    start(): void {
        if (this.started) return
        this.started = true
        const self = this
        this.services.spawn(async () => {
            await self.receiveLoop()
        })
        this.services.spawn(async () => {
            await self.timeLoop()
        })
    }

    /** Ends both tasks; the base socket stays open. */
    stop(): void {
        if (this.stopped) return
        this.stopped = true
        this.stopping.cancel()
        this.wake.notify()
    }

    private async receiveLoop(): Promise<void> {
        const message = new InputMessage([Buffer.alloc(this.datagramBytes)])
        const batch = [message]
        while (!this.stopped) {
            try {
                const count = await this.base.receiveMessages(batch, 0, -1, this.stopping)
                if (this.stopped) return
                if (count === 0) return this.baseFailed(ioError(IOErrorEnum.CLOSED, "The base socket is closed"), true)
                this.receive(message)
            } catch (error) {
                if (this.stopped) return
                const over = isIoError(error, IOErrorEnum.CLOSED)
                this.baseFailed(asGError(error), over)
                if (over) return
                // Whatever else a socket reports passes; a pause keeps a stubborn one from filling the processor.
                await this.wake.wait(ERROR_PAUSE)
            }
            await this.drain()
        }
    }

    private receive(message: InputMessage): void {
        const from: Source = { key: addressKey(message.address), address: message.address }
        const datagram = message.vectors[0] as Buffer
        this.endpoint.receive(datagram, message.bytesReceived, from, this.services.now())
    }

    /** @param fatal nothing will ever be received again: the time need not be kept either */
    private baseFailed(error: GError, fatal: boolean): void {
        if (fatal) this.stop()
        this.owner.onBaseError(error, fatal)
    }

    private async timeLoop(): Promise<void> {
        while (!this.stopped) {
            const now = this.services.now()
            this.lookAt = this.endpoint.deadline()
            if (this.lookAt <= now) {
                this.endpoint.tick(now)
                await this.drain()
            } else await this.wake.wait(this.lookAt >= NEVER ? -1 : this.lookAt - now)
        }
    }

    /** An association was called outside this transport: its peer is looked at, and what it put out is done. */
    async touched(peer: Peer): Promise<void> {
        this.endpoint.touched(peer)
        await this.drain()
    }

    /**
     * Sends, delivers and asks whatever the engine has put out. A datagram that the base does not take is lost, as
     * on any path; its error is reported, and the ones behind it are sent all the same.
     */
    async drain(): Promise<void> {
        let outgoing = this.collect()
        if (this.endpoint.deadline() < this.lookAt) this.wake.notify()
        while (outgoing.length > 0) {
            let sent = 0
            try {
                sent = await this.base.sendMessages(outgoing, 0, 0)
            } catch (error) {
                if (!this.stopped) this.baseFailed(asGError(error), false)
            }
            if (sent >= outgoing.length) return
            outgoing = outgoing.slice(Math.max(sent, 1))
        }
    }

    private collect(): OutputMessage[] {
        const outgoing: OutputMessage[] = []
        let reply = this.endpoint.nextReply()
        while (reply !== undefined) {
            outgoing.push(datagramTo(reply.data, reply.address))
            reply = this.endpoint.nextReply()
        }
        let peer = this.endpoint.nextReady()
        while (peer !== undefined) {
            this.collectFrom(peer, outgoing)
            peer = this.endpoint.nextReady()
        }
        return outgoing
    }

    private collectFrom(peer: Peer, outgoing: OutputMessage[]): void {
        let output = peer.association.poll()
        while (output !== undefined) {
            if (output.kind === OutputKind.datagram) outgoing.push(datagramTo(output.data as Buffer, peer.address))
            else if (output.kind === OutputKind.question) this.ask(peer, output.question as Question)
            else this.owner.onOutput(peer, output)
            output = peer.association.poll()
        }
    }

    /** Others go on while the answer is looked for. */
    private ask(peer: Peer, question: Question): void {
        const self = this
        this.services.spawn(async () => {
            const answer = await self.lookup(question)
            peer.association.answer(answer, self.services.now())
            await self.touched(peer)
        })
    }

    /** A source that throws, or gives something else than a key, has none; its message must not reach the peer or the log. */
    private async lookup(question: Question): Promise<PskAnswer | undefined> {
        try {
            const answer = await this.psk.lookup(question)
            if (!isPskAnswer(answer)) return undefined
            if ((answer as PskAnswer).key.length < SHORTEST_STRONG_KEY && !this.weakKeySeen) {
                this.weakKeySeen = true
                this.services.log(LogLevel.warning, "A pre-shared key is shorter than 16 bytes")
            }
            return answer
        } catch (error) {
            return undefined
        }
    }
}

function isPskAnswer(answer: PskAnswer | undefined): boolean {
    if (answer === undefined || answer === null) return false
    return answer.identity instanceof Buffer && answer.key instanceof Buffer && answer.key.length > 0
}

function datagramTo(data: Buffer, address: unknown): OutputMessage {
    const message = new OutputMessage([data])
    message.address = address as SocketAddress | undefined
    return message
}

function asGError(error: unknown): GError {
    return error instanceof GError ? error : ioError(IOErrorEnum.FAILED, "The base socket failed")
}
