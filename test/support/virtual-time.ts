import { VirtualClock } from "../../host/testing/virtual-clock.js"
import { VirtualLink } from "../../host/testing/virtual-link.js"
import { VirtualServices } from "../../host/testing/virtual-services.js"
import { seededRandom } from "./spy-crypto.js"

/** Services whose time passes only when a test waits, so that a busy computer changes neither order nor deadlines. */
export class VirtualTime {
    readonly clock = new VirtualClock()
    readonly link: VirtualLink
    readonly services: VirtualServices
    /** log lines */
    readonly log: string[] = []

    /** @param seed for loss, duplication and delay on the link */
    constructor(seed = 1) {
        this.link = new VirtualLink(this.clock, seededRandom(seed))
        this.services = new VirtualServices(this.clock, this.link, (_level, message) => void this.log.push(message))
    }

    /** Advances time until a promise is settled, at most by ten minutes. */
    async settled<T>(promise: Promise<T>): Promise<T> {
        let isSettled = false
        const done = (): void => {
            isSettled = true
            this.clock.noticeActivity()
        }
        promise.then(done, done)
        const inTime = await this.clock.advanceUntil(() => isSettled, 600000)
        if (!inTime) throw new Error("nothing came of it within ten minutes")
        return await promise
    }
}
