import { type Block, blockOf, blockOption, LARGEST_BLOCK } from "../coap/blocks.js"
import { CoapCode, CoapOption, ContentFormat } from "../coap/code-points.js"
import { type CoapMessage, textOptionsOf, uintOption } from "../coap/message.js"
import { type CoapAnswer, type CoapHandler, type CoapServer } from "../coap/server.js"
import { concat, copyOf, EMPTY } from "../dtls/bytes/bytes.js"
import { MANIFEST_BYTES } from "./manifest.js"
import { noUpdate, type ProgramUpdate, type Refusal } from "./program-update.js"

/**
 * Receives updates by PUT to a resource, block by block (RFC 7959), directly into the slot. GET returns the running program and the number
 * of bytes received, so that the client can continue with the next block. Use one for each connection, before its other handlers.
 * @devsWhenUsed
 */
export class UpdateResource {
    /** bytes of an incomplete manifest */
    private head: Buffer = EMPTY

    /**
     * @param path path of the resource, one segment
     * @param next handler of requests for other paths
     * @param finished called when there is a new program, which the next start tries
     */
    constructor(
        private update: ProgramUpdate,
        private path: string,
        private next: CoapHandler,
        private finished: () => void,
    ) {}

    /** Returns the handler for the constructor of CoapServer. Pass it together with `understood()`. */
    asHandler(): CoapHandler {
        const self = this
        return async (request, server) => await self.handle(request, server)
    }

    /** Critical options that this handler implements. */
    understood(): number[] {
        return [CoapOption.BLOCK1]
    }

    private async handle(request: CoapMessage, server: CoapServer): Promise<CoapAnswer> {
        const { next } = this
        const path = textOptionsOf(request, CoapOption.URI_PATH)
        if (path.length !== 1 || path[0] !== this.path) return await next(request, server)
        if (request.code === CoapCode.GET) return this.state()
        if (request.code !== CoapCode.PUT) return answer(CoapCode.METHOD_NOT_ALLOWED, "GET and PUT are possible here")
        const block = blockOf(request, CoapOption.BLOCK1) ?? { number: 0, more: false, size: LARGEST_BLOCK }
        const refused = await this.take(block, request.payload)
        if (refused !== undefined) return answer(refused.code, refused.text)
        const options = [blockOption(CoapOption.BLOCK1, block)]
        if (block.more) return { code: CoapCode.CONTINUE, options, payload: EMPTY }
        const { finished } = this
        finished()
        return { code: CoapCode.CHANGED, options, payload: EMPTY }
    }

    private state(): CoapAnswer {
        const { slots, source } = this.update
        const [target, version] = [JSON.stringify(source.target), slots.running()]
        const text = `{"target":${target},"version":${version},"received":${this.update.received()}}`
        const options = [uintOption(CoapOption.CONTENT_FORMAT, ContentFormat.JSON)]
        return { code: CoapCode.CONTENT, options, payload: Buffer.from(text) }
    }

    private async take(block: Block, payload: Buffer): Promise<Refusal | undefined> {
        const at = block.number * block.size
        if (block.size > LARGEST_BLOCK || payload.length > block.size || (block.more && payload.length < block.size))
            return { code: CoapCode.BAD_REQUEST, text: "The block has another size than its option says" }
        if (at === 0) this.head = EMPTY
        const refused = this.head.length < MANIFEST_BYTES ? await this.takeHead(at, payload) : undefined
        if (refused !== undefined) return refused
        if (this.head.length < MANIFEST_BYTES) return block.more ? undefined : noUpdate()
        const skipped = Math.max(0, MANIFEST_BYTES - at)
        const part = copyOf(payload, skipped, payload.length)
        const unwritten = await this.update.write(this.head, at + skipped - MANIFEST_BYTES, part)
        if (unwritten !== undefined || block.more) return unwritten
        return await this.update.finish(this.head)
    }

    /** Receives the manifest, which may arrive in several blocks. */
    private async takeHead(at: number, payload: Buffer): Promise<Refusal | undefined> {
        if (at !== this.head.length)
            return { code: CoapCode.REQUEST_ENTITY_INCOMPLETE, text: "Blocks before this one are missing" }
        const end = Math.min(payload.length, MANIFEST_BYTES - at)
        const head = concat(this.head, copyOf(payload, 0, end))
        this.head = head
        if (head.length < MANIFEST_BYTES) return undefined
        const refused = await this.update.begin(head)
        if (refused !== undefined) this.head = EMPTY
        return refused
    }
}

function answer(code: CoapCode, text: string): CoapAnswer {
    return { code, options: [], payload: Buffer.from(text) }
}
