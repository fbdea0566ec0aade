import { type SocketAddress } from "../../gio/socket-address.js"

/** A datagram on its way. */
export interface Datagram {
    data: Buffer
    to: SocketAddress
}

/** Datagrams that wait for the end of the turn before all of them are sent. */
const MOST_WAITING = 64

/** Bursts with something to send at the end of the turn; some may have sent it by then. */
let waitingBursts: Burst[] = []

function flushAll(): void {
    const bursts = waitingBursts
    waitingBursts = []
    for (const burst of bursts) burst.flush()
}

/** A program that ends itself, by `process.exit`, has sent what it was told is sent. */
process.once("exit", flushAll)

/**
 * What one socket sends in one turn of the event loop: the first datagram at once, those after it together as soon as the program waits
 * for something. A datagram that is sent alone has to wake its receiver, which costs the sender several times
 * as much as the datagram; of those that leave together only the first one has to.
 */
export class Burst {
    private waiting: Datagram[] = []
    private begun = false
    private inTurn = 0

    /** @param send hands a datagram to the system */
    constructor(private send: (datagram: Datagram) => void) {}

    /** @returns false for the first call of a turn: its datagrams need not wait */
    hasBegun(): boolean {
        if (this.begun) return true
        this.begun = true
        setImmediate(() => {
            this.begun = false
            this.inTurn = 0
        })
        return false
    }

    add(datagram: Datagram): void {
        if (this.waiting.push(datagram) > 1) return
        if (waitingBursts.push(this) === 1) process.nextTick(flushAll)
    }

    flush(): void {
        const { waiting } = this
        this.waiting = []
        for (const datagram of waiting) this.send(datagram)
    }

    /**
     * Sends finish without a turn of the event loop: a program that only sends would never hear of anything.
     * @returns what it has to wait for now and then
     */
    pace(count: number): Promise<void> | undefined {
        this.inTurn += count
        if (this.inTurn < MOST_WAITING) return undefined
        this.flush()
        return new Promise((resolve) => setImmediate(resolve))
    }
}
