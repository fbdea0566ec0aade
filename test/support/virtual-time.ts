import { VirtualClock } from "../../host/testing/virtual-clock.js"
import { VirtualLink } from "../../host/testing/virtual-link.js"
import { VirtualServices } from "../../host/testing/virtual-services.js"
import { seededRandom } from "./spy-crypto.js"

/** Services whose time passes only when a test waits, so that no busy computer changes an order or a deadline. */
export class VirtualTime {
    readonly clock = new VirtualClock()
    readonly link: VirtualLink
    readonly services: VirtualServices
    /** what was logged, a line each */
    readonly log: string[] = []

    /** @param seed of what the link loses, repeats and delays */
    constructor(seed = 1) {
        this.link = new VirtualLink(this.clock, seededRandom(seed))
        this.services = new VirtualServices(this.clock, this.link, (_level, message) => void this.log.push(message))
    }

    /** Lets time pass until a promise is settled, at most ten minutes. */
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
