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
import { addressKey, type SocketAddress } from "./socket-address.js"

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
                await this.drain()
            } catch (error) {
                if (this.stopped) return
                const lasting = !isIoError(error, IOErrorEnum.CONNECTION_REFUSED)
                this.baseFailed(asGError(error), lasting)
                if (lasting) return
            }
        }
    }

    private receive(message: InputMessage): void {
        const from: Source = { key: addressKey(message.address), address: message.address }
        const datagram = message.vectors[0] as Buffer
        this.endpoint.receive(datagram, message.bytesReceived, from, this.services.now())
    }

    private baseFailed(error: GError, fatal: boolean): void {
        this.owner.onBaseError(error, fatal)
    }

    private async timeLoop(): Promise<void> {
        while (!this.stopped) {
            const now = this.services.now()
            this.lookAt = this.endpoint.deadline()
            if (this.lookAt <= now) {
                this.endpoint.tick(now)
                await this.drainQuietly()
            } else await this.wake.wait(this.lookAt >= NEVER ? -1 : this.lookAt - now)
        }
    }

    /** An association was called outside this transport: its peer is looked at, and what it put out is done. */
    async touched(peer: Peer): Promise<void> {
        this.endpoint.touched(peer)
        await this.drain()
    }

    /** Sends, delivers and asks whatever the engine has put out. Throws what the base socket throws. */
    async drain(): Promise<void> {
        const outgoing = this.collect()
        if (this.endpoint.deadline() < this.lookAt) this.wake.notify()
        if (outgoing.length > 0) await this.base.sendMessages(outgoing, 0, -1)
    }

    /** For the engine's own datagrams: a send error is loss to them, and the receive loop reports lasting ones. */
    private async drainQuietly(): Promise<void> {
        try {
            await this.drain()
        } catch (error) {
            this.baseFailed(asGError(error), false)
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
            self.endpoint.touched(peer)
            await self.drainQuietly()
        })
    }

    /** A source that throws has no key to give; its message must not reach the peer or the log. */
    private async lookup(question: Question): Promise<PskAnswer | undefined> {
        try {
            return await this.psk.lookup(question)
        } catch (error) {
            this.baseFailed(ioError(IOErrorEnum.FAILED, "The PSK source threw an error"), false)
            return undefined
        }
    }
}

function datagramTo(data: Buffer, address: unknown): OutputMessage {
    const message = new OutputMessage([data])
    message.address = address as SocketAddress | undefined
    return message
}

function asGError(error: unknown): GError {
    return error instanceof GError ? error : ioError(IOErrorEnum.FAILED, "The base socket failed")
}
