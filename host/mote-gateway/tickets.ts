import { readFileSync } from "node:fs"
import { errorText, UsageError } from "mote-dtls/gateway"
import { serveSessions, serveSessionsV13, TicketKeys } from "mote-dtls/engine"
import { type TicketsConfig } from "./config.js"
import { type Extension } from "./credentials.js"
import { type Listeners } from "./listeners.js"
import { type Log } from "./log.js"
import { type SharedTicketKeys } from "./shared-ticket-keys.js"

/** How often it is seen to that all gateways have the same keys, at least, ms. */
const REFRESH = 60000

/** Keys of a file, newest first. Throws UsageError. */
export function readTicketKeys(path: string): Buffer[] {
    let text: string
    try {
        text = readFileSync(path, "utf8")
    } catch (error) {
        const { code = "error" } = error as NodeJS.ErrnoException
        throw new UsageError(`tickets.keyFile: cannot read ${path} (${code})`)
    }
    const lines = text.split("\n").filter((line) => line.trim() !== "")
    const areKeys = lines.every((line) => /^[0-9a-fA-F]{64}$/.test(line.trim()))
    if (areKeys && lines.length >= 1 && lines.length <= 4) return lines.map((line) => Buffer.from(line.trim(), "hex"))
    throw new UsageError(`tickets.keyFile: ${path} needs 1 to 4 lines of 64 hexadecimal digits, the newest key first`)
}

/** Tickets by which devices resume their sessions. */
export class Tickets {
    /** of listeners that give and take them */
    readonly extensions: Extension[]
    private keys: TicketKeys
    private timer: NodeJS.Timeout | undefined
    private closed = false

    /** @param lifetime ms. Keys of its own change as often, and open tickets as long again. */
    private constructor(
        { crypto }: Listeners["services"],
        { oldest, newest }: Listeners["first"]["versions"],
        private lifetime: number,
    ) {
        this.keys = new TicketKeys(crypto, Date.now, lifetime)
        const served = { cache: undefined, keys: this.keys, lifetime, clock: Date.now }
        this.extensions = [
            ...(oldest === "1.2" ? [serveSessions(served)] : []),
            ...(newest === "1.3" ? [serveSessionsV13(served)] : []),
        ]
    }

    /** @param shared has the keys of several gateways, where no file has them */
    static async open(
        { lifetime, keyFile }: TicketsConfig,
        services: Listeners["services"],
        versions: Listeners["first"]["versions"],
        shared: SharedTicketKeys | undefined,
        log: Log,
    ): Promise<Tickets> {
        const tickets = new Tickets(services, versions, lifetime * 1000)
        if (keyFile === undefined && shared !== undefined) await tickets.refresh(shared, log)
        return tickets
    }

    /** Keys of a file, which was read again. */
    use(keys: Buffer[] | undefined): void {
        if (keys !== undefined) this.keys.setKeys(keys)
    }

    /** Until that succeeds the keys before it count. */
    private async refresh(shared: SharedTicketKeys, log: Log): Promise<void> {
        const result = await shared.now(this.lifetime).catch((error: unknown) => error as Error)
        if (this.closed) return
        if (Array.isArray(result)) this.keys.setKeys(result)
        else log.error(`tickets: their keys cannot be shared: ${errorText(result)}`)
        const pause = Math.min(REFRESH, this.lifetime - (Date.now() % this.lifetime))
        this.timer = setTimeout(() => void this.refresh(shared, log), pause).unref()
    }

    close(): void {
        this.closed = true
        clearTimeout(this.timer)
        this.keys.close()
    }
}
