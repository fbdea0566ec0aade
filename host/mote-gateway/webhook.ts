import { readFileSync } from "node:fs"
import { UsageError } from "mote-dtls/gateway"
import { type WebhookConfig } from "./config.js"
import { type Target, UndeliverableError } from "./forwarder.js"

/** Records in one request. */
const BATCH = 100

/** Answers that say that the body is wrong, so that the same body will never be taken. */
const WRONG_BODY = [400, 413, 415, 422]

/** POSTs a JSON array of records. Throws UsageError when its token cannot be read. */
export class WebhookTarget implements Target {
    readonly name: string
    readonly batch = BATCH
    private headers: Record<string, string>

    constructor(private config: WebhookConfig) {
        this.name = `webhook ${new URL(config.url).host}`
        this.headers = { "content-type": "application/json", ...authorization(config.tokenFile) }
    }

    async send(records: string[], signal: AbortSignal): Promise<void> {
        const response = await this.post(`[${records.join(",")}]`, signal)
        // Reading it to its end lets the connection be used again.
        await response.arrayBuffer()
        if (response.ok) return
        const isElsewhere = response.status >= 300 && response.status < 400
        const why = `it answers ${response.status}${isElsewhere ? ": write the address it has moved to into url" : ""}`
        throw WRONG_BODY.includes(response.status) ? new UndeliverableError(why) : new Error(why)
    }

    private async post(body: string, signal: AbortSignal): Promise<Response> {
        const limit = AbortSignal.any([signal, AbortSignal.timeout(this.config.timeout)])
        try {
            // A redirect is not followed: a POST would become a GET without the records.
            const request = { method: "POST", headers: this.headers, body, redirect: "manual" } as const
            return await fetch(this.config.url, { ...request, signal: limit })
        } catch (error) {
            const { cause, message } = error as Error
            const why = cause instanceof Error && cause.message !== "" ? cause.message : message
            throw new Error(`no answer (${why}): check url and the server`)
        }
    }

    async close(): Promise<void> {
        // A request under way ends by the signal that it was given.
    }
}

function authorization(tokenFile: string | undefined): Record<string, string> {
    if (tokenFile === undefined) return {}
    try {
        return { authorization: `Bearer ${readFileSync(tokenFile, "utf8").trim()}` }
    } catch (error) {
        const { code = "error" } = error as NodeJS.ErrnoException
        throw new UsageError(`sinks.webhooks.tokenFile: cannot read ${tokenFile} (${code})`)
    }
}
