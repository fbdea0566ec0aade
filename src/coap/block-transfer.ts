import { copyOf, EMPTY, equal, join } from "../dtls/bytes/bytes.js"
import { type Cancellable } from "../gio/cancellable.js"
import { ioError, IOErrorEnum } from "../gio/errors.js"
import { type Block, blockOf, blockOption, LARGEST_BLOCK } from "./blocks.js"
import { type CoapClient, type CoapRequest } from "./client.js"
import { CoapCode, CoapOption } from "./code-points.js"
import { type CoapMessage, type Option, optionOf, uintOption, uintOptionOf } from "./message.js"

/** Settings of a block-wise transfer. */
export interface BlockSettings {
    /** largest block to send and to request, bytes: 16, 32, 64 ... 1024 */
    size: number
    /** largest body to receive, bytes */
    limit: number
    /** called after each block */
    progress: ((progress: BlockProgress) => void) | undefined
}

/** Progress of both bodies, in bytes. */
export interface BlockProgress {
    sent: number
    toSend: number
    received: number
    /** the server's estimate (Size2); -1: unknown */
    toReceive: number
}

/** How often a transfer restarts because the server has lost it, or because the received resource changes meanwhile. */
const MOST_RESTARTS = 3
/** Length of a Request-Tag in bytes. The tag distinguishes transfers to the same resource (RFC 9175 §3). */
const TAG_LENGTH = 4

/**
 * A request and its response with bodies of any length, transferred block by block (RFC 7959). Remembers what has been transferred: if
 * `run` is called again after an error, it continues from there, even with another client of a new connection.
 * @devsWhenUsed
 */
export class BlockTransfer {
    /** number of bytes of the request's body that the server has received */
    private sent = 0
    private size: number
    private tag: Buffer | undefined
    private parts: Buffer[] = []
    private received = 0
    private toReceive = -1
    private etag: Buffer | undefined
    private restarts = 0

    constructor(
        private request: CoapRequest,
        private settings: BlockSettings,
    ) {
        this.size = settings.size
    }

    /**
     * Sends the request and returns its response with the whole body.
     * Throws GError: MESSAGE_TOO_LARGE for a body beyond the limit, FAILED for blocks that do not fit together, and the errors of
     * `CoapClient.request`.
     */
    async run(client: CoapClient, cancellable?: Cancellable): Promise<CoapMessage> {
        const isResumed = this.received > 0
        const response = isResumed ? await this.askNext(client, cancellable) : await this.upload(client, cancellable)
        return await this.complete(client, response, cancellable)
    }

    /** Completes the body of a response of which only the first block has arrived, for example in a notification. */
    async complete(client: CoapClient, first: CoapMessage, cancellable?: Cancellable): Promise<CoapMessage> {
        let response = first
        while (true) {
            const block = blockOf(response, CoapOption.BLOCK2)
            if (block === undefined || response.code >= CoapCode.BAD_REQUEST) return response
            if (this.isOfOther(response)) this.receiveAnew()
            else this.append(response, block)
            if (this.received > 0 && !block.more) return this.whole(response)
            response = await this.askNext(client, cancellable)
        }
    }

    /** Sends the request's body. @returns the response to the last block, or an error response */
    private async upload(client: CoapClient, cancellable: Cancellable | undefined): Promise<CoapMessage> {
        const { payload } = this.request
        if (payload.length <= this.size) return await this.ask(client, this.wishedSize(), payload, cancellable)
        if (this.tag === undefined) this.tag = client.layer.services.crypto.random(TAG_LENGTH)
        while (true) {
            const end = Math.min(this.sent + this.size, payload.length)
            const more = end < payload.length
            const block = { number: Math.floor(this.sent / this.size), more, size: this.size }
            const part = copyOf(payload, this.sent, end)
            const response = await this.ask(client, this.uploadOptions(block), part, cancellable)
            if (!this.isToContinue(response, end)) return response
            this.report()
        }
    }

    /** The option for early negotiation of the block size (RFC 7959 §2.4). Without it the server chooses the size. */
    private wishedSize(): Option[] {
        if (this.size === LARGEST_BLOCK) return []
        return [blockOption(CoapOption.BLOCK2, { number: 0, more: false, size: this.size })]
    }

    private uploadOptions(block: Block): Option[] {
        const options = [blockOption(CoapOption.BLOCK1, block), ...(block.more ? [] : this.wishedSize())]
        if (block.number === 0) options.push(uintOption(CoapOption.SIZE1, this.request.payload.length))
        return options
    }

    /**
     * Handles the answer to a block that ends at `end`.
     * @returns whether to continue with the next block, the same one in smaller blocks, or the first one again
     */
    private isToContinue(response: CoapMessage, end: number): boolean {
        const answered = blockOf(response, CoapOption.BLOCK1)
        const size = answered === undefined ? this.size : answered.size
        if (response.code === CoapCode.CONTINUE && end < this.request.payload.length) {
            this.sent = end
            this.size = Math.min(this.size, size)
            return true
        }
        // The body was too large in blocks of this size (RFC 7959 §2.9.3).
        if (response.code === CoapCode.REQUEST_ENTITY_TOO_LARGE && size < this.size) {
            this.size = size
            return true
        }
        const isLost = response.code === CoapCode.REQUEST_ENTITY_INCOMPLETE && this.sent > 0
        if (!isLost) {
            if (response.code < CoapCode.BAD_REQUEST) this.sent = end
            return false
        }
        this.countRestart()
        this.sent = 0
        return true
    }

    /**
     * Whether a block belongs to a different representation than the blocks before it, because the resource has changed (RFC 7959 §2.4).
     */
    private isOfOther(response: CoapMessage): boolean {
        const etag = optionOf(response, CoapOption.ETAG)
        if (this.received === 0) {
            this.etag = etag === undefined ? undefined : etag.value
            return false
        }
        if (etag === undefined || this.etag === undefined) return etag !== undefined || this.etag !== undefined
        return !equal(etag.value, this.etag)
    }

    private receiveAnew(): void {
        this.countRestart()
        this.parts = []
        this.received = 0
    }

    private countRestart(): void {
        this.restarts++
        if (this.restarts > MOST_RESTARTS) throw ioError(IOErrorEnum.FAILED, "The transfer began anew too often")
    }

    private append(response: CoapMessage, block: Block): void {
        const { payload } = response
        const fits = block.number * block.size === this.received && block.size <= LARGEST_BLOCK
        const isFull = block.more ? payload.length === block.size : payload.length <= block.size
        if (!fits || !isFull) throw ioError(IOErrorEnum.FAILED, "The blocks of the response do not fit together")
        this.size = Math.min(this.size, block.size)
        this.received += payload.length
        this.toReceive = uintOptionOf(response, CoapOption.SIZE2, this.toReceive)
        if (Math.max(this.received, this.toReceive) > this.settings.limit)
            throw ioError(IOErrorEnum.MESSAGE_TOO_LARGE, "The response has more than " + this.settings.limit + " bytes")
        this.parts.push(payload)
        this.report()
    }

    private whole(response: CoapMessage): CoapMessage {
        const payload = join(this.parts)
        const options = response.options.filter((option) => option.number !== CoapOption.BLOCK2)
        this.parts = []
        this.received = 0
        return { ...response, options, payload }
    }

    private async askNext(client: CoapClient, cancellable: Cancellable | undefined): Promise<CoapMessage> {
        const number = Math.floor(this.received / this.size)
        const option = blockOption(CoapOption.BLOCK2, { number, more: false, size: this.size })
        // The server already has the request's body, unless the body is so small that every request contains it.
        const isSmall = this.request.payload.length <= this.size
        return await this.ask(client, [option], isSmall ? this.request.payload : EMPTY, cancellable)
    }

    /** Sends one request. Repeats it with the Echo option if the server requires proof that the request is fresh (RFC 9175 §2.3). */
    private async ask(
        client: CoapClient,
        options: Option[],
        payload: Buffer,
        cancellable: Cancellable | undefined,
    ): Promise<CoapMessage> {
        const { code, confirmable } = this.request
        const understood = [...(this.request.understood ?? []), CoapOption.BLOCK1, CoapOption.BLOCK2]
        const all = [...this.request.options, ...options]
        if (this.tag !== undefined) all.push({ number: CoapOption.REQUEST_TAG, value: this.tag })
        const response = await client.request({ code, options: all, payload, confirmable, understood }, cancellable)
        const echo = optionOf(response, CoapOption.ECHO)
        if (response.code !== CoapCode.UNAUTHORIZED || echo === undefined) return response
        return await client.request({ code, options: [...all, echo], payload, confirmable, understood }, cancellable)
    }

    private report(): void {
        const { progress } = this.settings
        if (progress === undefined) return
        const { sent, received, toReceive } = this
        progress({ sent, toSend: this.request.payload.length, received, toReceive })
    }
}

/** Default settings, which suit a device's memory: blocks of 1024 bytes, and bodies of at most 4096 bytes. */
export function defaultBlockSettings(): BlockSettings {
    return { size: LARGEST_BLOCK, limit: 4096, progress: undefined }
}
