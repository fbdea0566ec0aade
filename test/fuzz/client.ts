import { type Association } from "../../src/dtls/association/association.js"
import { NEVER } from "../../src/dtls/flight/retransmission.js"
import { Application, datagramEvents, EventKind, type FuzzEvent, plainEvent, readEvents } from "./events.js"
import { flightsFor, Pair } from "./pair.js"
import { type FuzzRun, type FuzzTarget } from "./target.js"
import { Watch } from "./watch.js"
import { join } from "../../src/dtls/bytes/bytes.js"

/**
 * Datagrams delivered to reach each state: hello sent, cookie sent, Finished sent, connected; in the last one the
 * client also closes for writing.
 */
const DELIVERED = [0, 2, 4, 6, 6]
const HALF_CLOSED = 4

function happen(event: FuzzEvent, client: Association, watch: Watch, now: number): number {
    const { kind, detail, data } = event
    let time = now
    if (kind === EventKind.datagram) client.receive(data, data.length, time)
    else if (kind === EventKind.tick) time += detail * 100
    else if (kind === EventKind.deadline && client.deadline() < NEVER) time = Math.max(now, client.deadline())
    if (kind === EventKind.application) watch.act(event, time)
    else client.tick(time)
    watch.drain()
    return time
}

function prepare(state: number): FuzzRun {
    const link = new Pair(DELIVERED[state]).run()
    const { client } = link
    if (state === HALF_CLOSED) client.shutdown(false, true)
    link.drain()
    const start = link.now
    return async (input) => {
        const watch = new Watch(client)
        let now = start
        for (const event of readEvents(input)) now = happen(event, client, watch, now)
        watch.check()
    }
}

function seeds(state: number): Buffer[] {
    const flights = flightsFor(false, DELIVERED[state])
    const late = plainEvent(EventKind.deadline, 0)
    return [
        datagramEvents(flights),
        datagramEvents(flightsFor(false, 0)),
        join([late, late, datagramEvents(flights), plainEvent(EventKind.application, Application.send), late]),
        join([datagramEvents(flights), plainEvent(EventKind.application, Application.shutdownBoth)]),
    ]
}

export function clientTarget(): FuzzTarget {
    return { states: DELIVERED.length, prepare, seeds }
}
