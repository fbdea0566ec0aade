import { type Block, blockOf, blockOption } from "../../src/coap/blocks.js"
import { type CoapClient, newRequest } from "../../src/coap/client.js"
import { CoapCode, CoapOption } from "../../src/coap/code-points.js"
import { type CoapMessage, textOption, uintOption } from "../../src/coap/message.js"
import { type Cancellable } from "../../src/gio/cancellable.js"
import { ioError, IOErrorEnum } from "../../src/gio/errors.js"
import { MANIFEST_BYTES } from "../../src/update/manifest.js"

/** How an update is pushed. */
export interface PushSettings {
    /** segments of the resource's path */
    path: string[]
    /** largest block, bytes: 16, 32, 64 ... 1024 */
    size: number
    /** told after each block. @param sent bytes that the device has */
    progress?: (sent: number) => void
}

/** How often it begins anew when the device has lost what it had. */
const MOST_RESTARTS = 3

/** Puts an update to a device's resource, block by block, and goes on where an earlier push was interrupted. */
export class UpdatePush {
    private size: number
    private restarts = 0

    constructor(
        private client: CoapClient,
        private file: Buffer,
        private settings: PushSettings,
    ) {
        this.size = settings.size
    }

    /** @returns the device's last answer: 2.04, or why it does not take the update. Throws what `CoapClient.request` throws. */
    async run(cancellable?: Cancellable): Promise<CoapMessage> {
        for (let at = 0; ;) {
            const end = Math.min(at + this.size, this.file.length)
            const block = { number: at / this.size, more: end < this.file.length, size: this.size }
            const response = await this.put(block, this.file.subarray(at, end), cancellable)
            if (response.code === CoapCode.REQUEST_ENTITY_INCOMPLETE && at > 0) at = this.beginAnew()
            else if (response.code !== CoapCode.CONTINUE || !block.more) return response
            else at = await this.next(at, end, response, cancellable)
        }
    }

    private beginAnew(): number {
        this.restarts++
        if (this.restarts > MOST_RESTARTS) throw ioError(IOErrorEnum.FAILED, "the update began anew too often")
        return 0
    }

    /** Where to go on: once the device has the manifest it knows what it has of the rest. */
    private async next(at: number, end: number, response: CoapMessage, cancellable?: Cancellable): Promise<number> {
        this.settings.progress?.(end)
        this.size = Math.min(this.size, blockOf(response, CoapOption.BLOCK1)?.size ?? this.size)
        const isManifestSent = at < MANIFEST_BYTES && end >= MANIFEST_BYTES
        const there = isManifestSent ? MANIFEST_BYTES + (await this.received(cancellable)) : end
        return Math.max(end, Math.floor(there / this.size) * this.size)
    }

    /** Bytes of the image that the device has. */
    private async received(cancellable?: Cancellable): Promise<number> {
        const request = newRequest(CoapCode.GET)
        request.options = this.path()
        const { code, payload } = await this.client.request(request, cancellable)
        const found = code === CoapCode.CONTENT ? /"received":(\d+)/.exec(payload.toString()) : null
        return found === null ? 0 : Number(found[1])
    }

    private async put(block: Block, payload: Buffer, cancellable?: Cancellable): Promise<CoapMessage> {
        const request = newRequest(CoapCode.PUT)
        const size1 = block.number === 0 ? [uintOption(CoapOption.SIZE1, this.file.length)] : []
        request.options = [...this.path(), blockOption(CoapOption.BLOCK1, block), ...size1]
        request.payload = payload
        request.understood = [CoapOption.BLOCK1]
        return await this.client.request(request, cancellable)
    }

    private path(): ReturnType<typeof textOption>[] {
        return this.settings.path.map((segment) => textOption(CoapOption.URI_PATH, segment))
    }
}
