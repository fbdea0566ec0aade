import { type SocketAddress } from "../../gio/socket-address.js"

/** A datagram to be sent. */
export interface Datagram {
    data: Buffer
    to: SocketAddress
}

/** Number of datagrams that may wait for the end of the turn; then they are sent at once. */
const MOST_WAITING = 64

/** Bursts with datagrams for the end of the turn; some may have sent theirs already. */
let waitingBursts: Burst[] = []

function flushAll(): void {
    const bursts = waitingBursts
    waitingBursts = []
    for (const burst of bursts) burst.flush()
}

/** On `process.exit`, sends what the program was told is sent. */
process.once("exit", flushAll)

/**
 * Sends one socket's datagrams of one turn of the event loop: the first at once, the others together as soon as the
 * program waits for something. A datagram sent alone has to wake its receiver, which costs the sender several times as
 * much as the datagram; of datagrams sent together only the first has to.
 */
export class Burst {
    private waiting: Datagram[] = []
    private begun = false
    private inTurn = 0

    /** @param send passes a datagram to the system */
    constructor(private send: (datagram: Datagram) => void) {}

    /** @returns false for the first call of a turn, whose datagrams need not wait */
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
     * Makes the sender wait for the event loop now and then. Sends complete without it, so a program that only sends
     * would never receive anything.
     * @returns a promise to wait for; undefined: no need to wait
     */
    pace(count: number): Promise<void> | undefined {
        this.inTurn += count
        if (this.inTurn < MOST_WAITING) return undefined
        this.flush()
        return new Promise((resolve) => setImmediate(resolve))
    }
}
