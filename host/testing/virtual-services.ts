import { type LogLevel } from "../../src/gio/log-level.js"
import { NodeServices } from "../../src/platform/node/services.js"
import { type Signal, type UdpOptions, type UdpSocket } from "../../src/platform/services.js"
import { type VirtualClock } from "./virtual-clock.js"
import { type VirtualLink, VirtualUdpSocket } from "./virtual-link.js"

class VirtualSignal implements Signal {
    private waiting = new Set<(notified: boolean) => void>()

    constructor(private clock: VirtualClock) {}

    wait(timeout: number): Promise<boolean> {
        this.clock.noticeActivity()
        return new Promise((resolve) => {
            const forget = timeout < 0 ? undefined : this.clock.after(timeout, () => done(false))
            const done = (notified: boolean): void => {
                forget?.()
                this.waiting.delete(done)
                resolve(notified)
            }
            this.waiting.add(done)
        })
    }

    notify(): void {
        this.clock.noticeActivity()
        for (const done of [...this.waiting]) done(true)
    }
}

/** When a virtual clock starts: 2027-01-01T00:00:00Z, Unix seconds. */
export const EPOCH = 1798761600

/** Node's services on a virtual clock and a virtual link: what waits on them waits for no real time. */
export class VirtualServices extends NodeServices {
    constructor(
        private clock: VirtualClock,
        private link: VirtualLink,
        log: (level: LogLevel, message: string) => void,
    ) {
        super({ log })
    }

    override newSignal(): Signal {
        return new VirtualSignal(this.clock)
    }

    override spawn(task: () => Promise<void>): void {
        this.clock.noticeActivity()
        super.spawn(task)
    }

    override now(): number {
        return this.clock.now()
    }

    override wallClock(): number {
        return EPOCH + this.clock.now() / 1000
    }

    override openUdp(options: UdpOptions): Promise<UdpSocket> {
        return new Promise((resolve) => resolve(new VirtualUdpSocket(this, this.link, options)))
    }

    override resolve(host: string): Promise<string[]> {
        return this.link.resolve(host)
    }
}
