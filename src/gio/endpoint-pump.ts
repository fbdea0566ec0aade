import { type Output, OutputKind } from "../dtls/association/output.js"
import { type Endpoint } from "../dtls/endpoint/endpoint.js"
import { type Peer } from "../dtls/endpoint/peer.js"
import { NEVER } from "../dtls/flight/retransmission.js"
import { type Question } from "../dtls/handshake/question.js"
import { type Services, type Signal } from "../platform/services.js"
import { Cancellable } from "./cancellable.js"
import { Answering, type AskingConnection } from "./credentials.js"
import { type DatagramBased, InputMessage, OutputMessage } from "./datagram-based.js"
import { GError, ioError, IOErrorEnum, isIoError } from "./errors.js"
import { errorText } from "./guarded.js"
import { LogLevel } from "./log-level.js"
import { type DtlsSettings } from "./settings.js"
import { addressKey, type SocketAddress } from "./socket-address.js"
import { type SourceAddress } from "../dtls/endpoint/source-address.js"

/** Pause in ms after the second of two consecutive receive errors, and after each further one. */
const ERROR_PAUSE = 50

/** Callbacks from a pump to its owner. */
export interface PumpOwner {
    /** returns the connection of a peer whose handshake has a question */
    connectionOf(peer: Peer): AskingConnection
    /** receives an output of a peer's association other than datagrams and questions */
    onOutput(peer: Peer, output: Output): void
    /** receives an error of the base socket; `fatal`: nothing can be received any more */
    onBaseError(error: GError, fatal: boolean): void
}

/**
 * Drives an endpoint over its base socket. One task receives, and another handles timers, whether or not the application is in a call.
 * `drain` processes everything that the engine outputs. An error on the way ends one peer or is logged, and the tasks continue. If a task
 * cannot continue, the pump ends and reports the error to its owner.
 * @devsWhenUsed
 */
export class EndpointPump {
    private wake: Signal
    private answering: Answering
    /** length of the largest datagram to receive, in bytes */
    private datagramBytes: number
    private stopping = new Cancellable()
    private started = false
    private stopped = false
    /** when the timer task will look at the deadlines next, ms */
    private lookAt = NEVER
    /** number of consecutive receive errors */
    private errors = 0

    constructor(
        private services: Services,
        private base: DatagramBased,
        settings: DtlsSettings,
        private endpoint: Endpoint,
        private owner: PumpOwner,
    ) {
        this.wake = services.newSignal()
        this.answering = new Answering(services, settings.credentials)
        this.datagramBytes = settings.limits.datagramBytes
    }

    start(): void {
        if (this.started) return
        this.started = true
        const self = this
        const batch = [this.newMessage()]
        this.repeat(async () => {
            const count = await self.receiveOne(batch)
            if (self.stopped) return
            if (count === 0) throw ioError(IOErrorEnum.CLOSED, "The base socket is closed")
            if (count > 0) self.deliver(batch[0] as InputMessage)
            await self.drain()
        })
        this.repeat(async () => await self.timeTurn())
    }

    private newMessage(): InputMessage {
        if (this.base.handsOver !== true) return new InputMessage([Buffer.alloc(this.datagramBytes)])
        const message = new InputMessage([])
        message.mostHandedOver = this.datagramBytes
        return message
    }

    /** Runs `turn` repeatedly in the background until the pump stops. */
    private repeat(turn: () => Promise<void>): void {
        const self = this
        this.services.spawn(async () => {
            try {
                while (!self.stopped) await turn()
            } catch (error) {
                self.baseFailed(asGError(error), true)
            }
        })
    }

    /** Stops both tasks. The base socket stays open. */
    stop(): void {
        if (this.stopped) return
        this.stopped = true
        this.stopping.cancel()
        this.wake.notify()
    }

    /**
     * Receives one datagram.
     * @returns 1; 0 if the base socket has ended; -1 after a temporary error. Throws if nothing can be received any more.
     */
    private async receiveOne(batch: InputMessage[]): Promise<number> {
        try {
            const count = await this.base.receiveMessages(batch, 0, -1, this.stopping)
            this.errors = 0
            return count
        } catch (error) {
            if (this.stopped) return -1
            if (isIoError(error, IOErrorEnum.CLOSED)) throw error
            this.baseFailed(asGError(error), false)
            this.errors++
            // All other errors of a socket are temporary. The pause prevents a persistent error from using all CPU time.
            if (this.errors > 1) await this.wake.wait(ERROR_PAUSE)
            return -1
        }
    }

    private deliver(message: InputMessage): void {
        const from: SourceAddress = { key: addressKey(message.address), address: message.address }
        const datagram = message.vectors[0] as Buffer
        try {
            this.endpoint.receive(datagram, message.bytesReceived, from, this.services.now())
        } catch (error) {
            // No peer exists yet that this error could end. The cause is a lack of memory, handles or randomness.
            this.services.log(LogLevel.error, "A handshake could not begin: " + errorText(error))
        }
    }

    /** @param fatal nothing will ever be received again, so timers are not needed any more either */
    private baseFailed(error: GError, fatal: boolean): void {
        if (this.stopped) return
        if (fatal) this.stop()
        this.owner.onBaseError(error, fatal)
    }

    /** Waits for the endpoint's next deadline, or runs the timers that have expired. */
    private async timeTurn(): Promise<void> {
        const now = this.services.now()
        this.lookAt = this.endpoint.deadline()
        if (this.lookAt <= now) {
            this.endpoint.tick(now)
            await this.drain()
        } else await this.wake.wait(this.lookAt >= NEVER ? -1 : this.lookAt - now)
    }

    /**
     * Processes everything that the engine has output: sends datagrams, delivers messages and asks questions. If the base does not take a
     * datagram, it is lost, as on any path, and the datagrams after it are sent nevertheless.
     * @param peer a peer whose association was called outside this pump
     * @returns an error if the base took none of the datagrams; it says nothing about later sends or receives
     */
    async drain(peer?: Peer): Promise<GError | undefined> {
        if (peer !== undefined) this.endpoint.touched(peer)
        let outgoing = this.collect()
        if (this.endpoint.deadline() < this.lookAt) this.wake.notify()
        let lost: GError | undefined
        let taken = 0
        while (outgoing.length > 0) {
            let sent = 0
            try {
                sent = await this.base.sendMessages(outgoing, 0, 0)
            } catch (error) {
                // The refused datagram is an earlier one: nobody listens at its destination.
                if (isIoError(error, IOErrorEnum.CONNECTION_REFUSED)) this.baseFailed(error as GError, false)
                else lost = asGError(error)
            }
            taken += sent
            if (sent >= outgoing.length) break
            outgoing = outgoing.slice(Math.max(sent, 1))
        }
        return taken > 0 ? undefined : lost
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
            try {
                this.act(peer, output, outgoing)
            } catch (error) {
                peer.association.abort(errorText(error))
                this.endpoint.touched(peer)
            }
            output = peer.association.poll()
        }
    }

    private act(peer: Peer, output: Output, outgoing: OutputMessage[]): void {
        if (output.kind === OutputKind.datagram) this.send(peer, output.data as Buffer, outgoing)
        else if (output.kind === OutputKind.question) this.ask(peer, output.question as Question)
        else this.owner.onOutput(peer, output)
    }

    /** Queues a datagram. Datagrams beyond the limit for an unverified address are dropped, as they could be lost on any path. */
    private send(peer: Peer, datagram: Buffer, outgoing: OutputMessage[]): void {
        if (peer.spend(datagram.length)) outgoing.push(datagramTo(datagram, peer.address))
    }

    /** Answers a question in the background, while other peers continue. */
    private ask(peer: Peer, question: Question): void {
        const self = this
        this.services.spawn(async () => {
            const answer = await self.answering.answer(question, self.owner.connectionOf(peer))
            peer.association.answer(answer, self.services.now())
            await self.drain(peer)
        })
    }
}

function datagramTo(data: Buffer, address: unknown): OutputMessage {
    const message = new OutputMessage([data])
    message.address = address as SocketAddress | undefined
    return message
}

function asGError(error: unknown): GError {
    return error instanceof GError ? error : ioError(IOErrorEnum.FAILED, "The base socket failed: " + errorText(error))
}
