import { blockOf, blockOption, LARGEST_BLOCK } from "../coap/blocks.js"
import { type CoapClient, newRequest } from "../coap/client.js"
import { CoapCode, CoapOption, codeText } from "../coap/code-points.js"
import { type CoapMessage, type Option, optionOf, textOption } from "../coap/message.js"
import { copyOf, equal } from "../dtls/bytes/bytes.js"
import { ioError, IOErrorEnum } from "../gio/errors.js"
import { LogLevel } from "../gio/log-level.js"
import { MANIFEST_BYTES } from "./manifest.js"
import { type ProgramUpdate, type Refusal } from "./program-update.js"

/** Size of the first block, bytes. It is enough for a manifest, because on most days there is no new update. */
const FIRST_BLOCK = 256

/**
 * Downloads updates from a resource of a server, block by block (RFC 7959), directly into the slot.
 * @devsWhenUsed
 */
export class UpdatePull {
    /** ETag of the last update that was refused, so that the server need not send it again */
    private known: Buffer | undefined

    /** @param path path of the resource, as segments */
    constructor(
        private update: ProgramUpdate,
        private path: string[],
    ) {}

    /**
     * Asks for an update, and downloads it if it is one for this device. Continues an interrupted download.
     * Throws GError: the errors of `CoapClient.request`, and FAILED if the update changes or is damaged during the download.
     * @returns whether there is a new program, which the next start tries
     */
    async run(client: CoapClient): Promise<boolean> {
        const known = this.known === undefined ? [] : [{ number: CoapOption.ETAG, value: this.known }]
        const first = await this.ask(client, 0, FIRST_BLOCK, known)
        if (first.code !== CoapCode.CONTENT) return this.tellCode(client, first.code)
        const refused = await this.update.begin(first.payload)
        if (refused !== undefined) {
            // The device would refuse the update again tomorrow, unless the reason is its own trial.
            if (refused.code !== CoapCode.SERVICE_UNAVAILABLE) this.known = etagOf(first)
            this.tell(client, LogLevel.info, "No update: " + refused.text)
            return false
        }
        this.tell(client, LogLevel.info, "An update comes, from byte " + this.update.received() + " on")
        await this.getImage(client, first)
        return true
    }

    private async getImage(client: CoapClient, first: CoapMessage): Promise<void> {
        const manifest = copyOf(first.payload, 0, MANIFEST_BYTES)
        const etag = etagOf(first)
        let size = LARGEST_BLOCK
        let more = true
        while (more) {
            const received = this.update.received()
            const next = Math.floor((MANIFEST_BYTES + received) / size)
            const response = await this.ask(client, next, size, [])
            const block = blockOf(response, CoapOption.BLOCK2) ?? { number: 0, more: false, size: LARGEST_BLOCK }
            if (response.code !== CoapCode.CONTENT || block.size > LARGEST_BLOCK || !isSame(etagOf(response), etag))
                throw ioError(IOErrorEnum.FAILED, "The update went away or changed: " + codeText(response.code))
            check(await this.take(manifest, block.number * block.size, response.payload))
            size = block.size
            more = block.more
            if (more && this.update.received() <= received)
                throw ioError(IOErrorEnum.FAILED, "The server sends other blocks than it is asked for")
        }
        check(await this.update.finish(manifest))
    }

    /** Writes received bytes. @param at position of the bytes in the whole resource */
    private async take(manifest: Buffer, at: number, bytes: Buffer): Promise<Refusal | undefined> {
        const skipped = Math.max(0, MANIFEST_BYTES - at)
        const part = copyOf(bytes, Math.min(skipped, bytes.length), bytes.length)
        return await this.update.write(manifest, at + skipped - MANIFEST_BYTES, part)
    }

    private async ask(client: CoapClient, number: number, size: number, options: Option[]): Promise<CoapMessage> {
        const request = newRequest(CoapCode.GET)
        request.options = [
            ...options,
            ...this.path.map((segment) => textOption(CoapOption.URI_PATH, segment)),
            blockOption(CoapOption.BLOCK2, { number, more: false, size }),
        ]
        request.understood = [CoapOption.BLOCK2]
        return await client.request(request)
    }

    /** Logs an error response. A missing or unchanged update is not logged. */
    private tellCode(client: CoapClient, code: number): boolean {
        if (code !== CoapCode.VALID && code !== CoapCode.NOT_FOUND)
            this.tell(client, LogLevel.warning, "No update: the server answers " + codeText(code))
        return false
    }

    private tell(client: CoapClient, level: LogLevel, text: string): void {
        client.layer.services.log(level, text)
    }
}

function etagOf(response: CoapMessage): Buffer | undefined {
    const etag = optionOf(response, CoapOption.ETAG)
    return etag === undefined ? undefined : etag.value
}

function isSame(a: Buffer | undefined, b: Buffer | undefined): boolean {
    return a === undefined || b === undefined ? a === b : equal(a, b)
}

function check(refused: Refusal | undefined): void {
    if (refused !== undefined) throw ioError(IOErrorEnum.FAILED, refused.text)
}
