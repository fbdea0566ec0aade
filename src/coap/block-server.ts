import { copyOf, EMPTY, equal, join } from "../dtls/bytes/bytes.js"
import { HashAlgorithm } from "../dtls/crypto/algorithm-numbers.js"
import { type Services } from "../platform/services.js"
import { type Block, blockOf, blockOption, LARGEST_BLOCK } from "./blocks.js"
import { CoapCode, CoapOption, EXCHANGE_LIFETIME } from "./code-points.js"
import { type CoapMessage, uintOption, uintOptionOf } from "./message.js"
import { type CoapAnswer, type CoapHandler, type CoapServer } from "./server.js"

/** Limits of a server for the block-wise transfers of one connection. */
export interface BlockLimits {
    /** largest block to send and to request, bytes: 16, 32, 64 ... 1024 */
    size: number
    /** largest body to receive, bytes */
    bodyBytes: number
    /** number of bodies kept at the same time, received and sent ones together; if there are more, the oldest is dropped */
    transfers: number
}

/** Limits for devices: two bodies of 4096 bytes. */
export function defaultBlockLimits(): BlockLimits {
    return { size: LARGEST_BLOCK, bodyBytes: 4096, transfers: 2 }
}

/** Limits for gateways: bodies of 65,536 bytes, two for each connection. */
export function gatewayBlockLimits(): BlockLimits {
    return { ...defaultBlockLimits(), bodyBytes: 65536 }
}

/** A body in transfer: of a request that is not complete yet, or of an answer. */
interface Transfer {
    key: Buffer
    /** time of the last block received or sent, ms */
    at: number
    /** parts of a request's body */
    parts: Buffer[]
    received: number
    /** the answer whose body is being sent */
    answer: CoapAnswer | undefined
}

/** Length of the ETag that is generated for an answer without one, in bytes. */
const ETAG_LENGTH = 4

/**
 * Reassembles the blocks of requests, and splits answers into blocks (RFC 7959). Use one for each connection, between its server and its
 * handler. The handler gets whole bodies and no options of RFC 7959.
 * @devsWhenUsed
 */
export class BlockwiseHandler {
    private transfers: Transfer[] = []

    constructor(
        private services: Services,
        private handler: CoapHandler,
        private limits: BlockLimits,
    ) {}

    /** Returns the handler for the constructor of CoapServer. Pass it together with `understood()`. */
    asHandler(): CoapHandler {
        const self = this
        return async (request, server) => await self.handle(request, server)
    }

    /** Critical options that this handler implements. */
    understood(): number[] {
        return [CoapOption.BLOCK1, CoapOption.BLOCK2]
    }

    private async handle(request: CoapMessage, server: CoapServer): Promise<CoapAnswer> {
        const block1 = blockOf(request, CoapOption.BLOCK1)
        const block2 = blockOf(request, CoapOption.BLOCK2)
        if (isReserved(block1) || isReserved(block2)) return refusal(CoapCode.BAD_REQUEST, "No such block size")
        const now = this.services.now()
        this.transfers = this.transfers.filter((transfer) => now - transfer.at < EXCHANGE_LIFETIME)
        const key = this.keyOf(request)
        if (block2 !== undefined && block2.number > 0 && block1 === undefined) {
            const kept = this.find(key)
            if (kept !== undefined && kept.answer !== undefined) return this.blockOfAnswer(kept.answer, block2)
        }
        const interim = block1 === undefined ? undefined : this.collect(request, block1, key)
        if (interim !== undefined) return interim
        request.options = request.options.filter((option) => !isOfBlocks(option.number))
        const answer = await this.handler(request, server)
        if (block1 !== undefined) answer.options.push(blockOption(CoapOption.BLOCK1, { ...block1, more: false }))
        return this.inBlocks(answer, block2, key)
    }

    /** Takes a block of a request's body. @returns the answer to the block; undefined: the body is complete, and the request contains it */
    private collect(request: CoapMessage, block: Block, key: Buffer): CoapAnswer | undefined {
        const { bodyBytes, size } = this.limits
        const { payload } = request
        const at = block.number * block.size
        if (payload.length > block.size || (block.more && payload.length < block.size))
            return refusal(CoapCode.BAD_REQUEST, "The block has another size than its option says")
        if (Math.max(at + payload.length, uintOptionOf(request, CoapOption.SIZE1, 0)) > bodyBytes)
            return tooLarge(bodyBytes)
        if (at === 0) this.begin(key)
        const transfer = this.find(key)
        if (transfer === undefined || at > transfer.received)
            return refusal(CoapCode.REQUEST_ENTITY_INCOMPLETE, "Blocks before this one are missing")
        transfer.at = this.services.now()
        // A client that continues after an error may send a block twice.
        if (at === transfer.received) {
            transfer.parts.push(payload)
            transfer.received += payload.length
        }
        if (block.more) {
            const wanted = { number: block.number, more: true, size: Math.min(block.size, size) }
            return { code: CoapCode.CONTINUE, options: [blockOption(CoapOption.BLOCK1, wanted)], payload: EMPTY }
        }
        request.payload = join(transfer.parts)
        this.drop(transfer)
        return undefined
    }

    /** Returns the answer unchanged if it fits into one block, otherwise its first block or the requested one. */
    private inBlocks(answer: CoapAnswer, wanted: Block | undefined, key: Buffer): CoapAnswer {
        const block = wanted ?? { number: 0, more: false, size: LARGEST_BLOCK }
        const size = Math.min(block.size, this.limits.size)
        if (answer.payload.length <= size && block.number === 0) return answer
        if (answer.options.find((option) => option.number === CoapOption.ETAG) === undefined)
            answer.options.push({ number: CoapOption.ETAG, value: this.etagOf(answer.payload) })
        if (block.number === 0) this.begin(key).answer = answer
        return this.blockOfAnswer(answer, { number: block.number, more: false, size })
    }

    private blockOfAnswer(answer: CoapAnswer, wanted: Block): CoapAnswer {
        const { payload, code } = answer
        const from = wanted.number * wanted.size
        if (from >= payload.length) return refusal(CoapCode.BAD_REQUEST, "There is no such block")
        const end = Math.min(from + wanted.size, payload.length)
        const block = { number: wanted.number, more: end < payload.length, size: wanted.size }
        const options = [...answer.options, blockOption(CoapOption.BLOCK2, block)]
        if (from === 0) options.push(uintOption(CoapOption.SIZE2, payload.length))
        return { code, options, payload: copyOf(payload, from, end) }
    }

    /**
     * Makes an ETag that is the same for the same representation, so that a client can distinguish blocks of two representations (RFC 7959
     * §2.4).
     */
    private etagOf(payload: Buffer): Buffer {
        const hash = this.services.crypto.newHash(HashAlgorithm.sha256)
        hash.update(payload)
        return copyOf(hash.digest(), 0, ETAG_LENGTH)
    }

    private begin(key: Buffer): Transfer {
        const known = this.find(key)
        if (known !== undefined) this.drop(known)
        const transfer: Transfer = { key, at: this.services.now(), parts: [], received: 0, answer: undefined }
        this.transfers.push(transfer)
        if (this.transfers.length > this.limits.transfers) this.transfers.shift()
        return transfer
    }

    private find(key: Buffer): Transfer | undefined {
        return this.transfers.find((transfer) => equal(transfer.key, key))
    }

    private drop(transfer: Transfer): void {
        this.transfers = this.transfers.filter((other) => other !== transfer)
    }

    /**
     * A key that is the same for all requests of one transfer. It covers the method and all options except those of block-wise transfer and
     * those that are not part of a cache key (RFC 7252 §5.4.6, RFC 9175 §3.3). The key is a digest, because keys of any length could take
     * too much memory.
     */
    private keyOf(request: CoapMessage): Buffer {
        const hash = this.services.crypto.newHash(HashAlgorithm.sha256)
        hash.update(Buffer.from([request.code]))
        for (const option of request.options) {
            const { number, value } = option
            if (isOfBlocks(number) || number === CoapOption.OBSERVE || (number & 0x1e) === 0x1c) continue
            hash.update(Buffer.from([number >> 8, number & 255, value.length >> 8, value.length & 255]))
            hash.update(value)
        }
        return hash.digest()
    }
}

function isReserved(block: Block | undefined): boolean {
    return block !== undefined && block.size > LARGEST_BLOCK
}

function isOfBlocks(number: number): boolean {
    return number === CoapOption.BLOCK1 || number === CoapOption.BLOCK2
}

function refusal(code: CoapCode, text: string): CoapAnswer {
    return { code, options: [], payload: Buffer.from(text) }
}

/** The answer to a body that is too large, which states the limit (RFC 7959 §2.9.3). */
function tooLarge(limit: number): CoapAnswer {
    const answer = refusal(CoapCode.REQUEST_ENTITY_TOO_LARGE, "At most " + limit + " bytes")
    answer.options.push(uintOption(CoapOption.SIZE1, limit))
    return answer
}
