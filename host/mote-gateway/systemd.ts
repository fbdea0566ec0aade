import { execFile } from "node:child_process"
import { type Log } from "./log.js"

/**
 * Tells systemd how the service fares, where it asks for that (sd_notify(3)). Node has no datagram sockets of AF_UNIX, so
 * systemd's own program says it: the unit needs NotifyAccess=all.
 */
export class SystemdNotifier {
    private timer: NodeJS.Timeout | undefined

    constructor(
        private log: Log,
        private environment: NodeJS.ProcessEnv = process.env,
    ) {}

    /** Serves from now on; the watchdog is answered for as long as the event loop turns. */
    ready(): void {
        this.notify("--ready", `--pid=${process.pid}`)
        const { WATCHDOG_USEC } = this.environment
        const interval = Number(WATCHDOG_USEC ?? 0) / 2000
        if (!(interval > 0)) return
        this.timer = setInterval(() => this.notify("WATCHDOG=1"), interval)
        this.timer.unref()
    }

    stopping(): void {
        clearInterval(this.timer)
        this.notify("STOPPING=1")
    }

    private notify(...args: string[]): void {
        if (this.environment["NOTIFY_SOCKET"] === undefined) return
        execFile("systemd-notify", args, { env: this.environment }, (error) => {
            if (error !== null) this.log.warn(`systemd could not be told: ${error.message.trim()}`)
        })
    }
}
