import * as ds from "@devicescript/core"
import { type Association } from "../../src/dtls/association/association.js"
import { blit, copyOf, equal, join } from "../../src/dtls/bytes/bytes.js"
import { readUint, writeUint } from "../../src/dtls/bytes/integers.js"
import { Reader } from "../../src/dtls/bytes/reader.js"
import { Writer } from "../../src/dtls/bytes/writer.js"
import { readHelloFragment } from "../../src/dtls/endpoint/hello-fragment.js"
import { readHandshakeHeader } from "../../src/dtls/wire/handshake-header.js"
import { readRecordHeader } from "../../src/dtls/wire/record-header.js"
import { type ServerEndpoint } from "../../src/dtls/endpoint/server-endpoint.js"
import "./natives.js"
import { flightsFor, Pair } from "./pair.js"
import { type FuzzRun, type FuzzTarget } from "./target.js"
import { Values } from "./values.js"

/** Any object, as a map of its fields. */
type Fields = { [name: string]: unknown }
type Call = (a: never[]) => unknown

/** Limit on steps of one execution. */
const MOST_STEPS = 24

/** Names of fields in the engine's objects, to which values of any kind are assigned. */
function fieldNames(): string[] {
    const names =
        "at end data failed length target state record driver outputs held heldBytes settings counters parameters write readEpoch window early limits nextSequence epoch protection next " +
        "first last kind peers heap halfOpen established table gate association deadline heapIndex handshake inbox outbox timer items nextSeq role transcript suite iv aead explicit bytes messages " +
        "counts high low firstReady lastReady successor predecessor phase queued owner key address pathBudget clientRandom isClient writeClosed readClosed failure extensions suites retransmission constructor mote"
    return names.split(" ")
}

/** Functions called with any arguments, so that the translated code of each is entered with unexpected objects. */
function calls(): Call[] {
    return [
        (a) => (a[0] as Reader).uint(a[1]),
        (a) => (a[0] as Reader).bytes(a[1]),
        (a) => (a[0] as Reader).vector(a[1]),
        (a) => (a[0] as Reader).sub(a[1]),
        (a) => (a[0] as Reader).done(),
        (a) => (a[0] as Writer).uint(a[1], a[2]),
        (a) => (a[0] as Writer).bytes(a[1]),
        (a) => (a[0] as Writer).vector(a[1], a[2]),
        (a) => (a[0] as Writer).open(a[1]),
        (a) => (a[0] as Writer).close(a[1], a[2]),
        (a) => (a[0] as Writer).finish(),
        (a) => new Reader(a[0], a[1], a[2]),
        (a) => new Writer(a[0]),
        (a) => equal(a[0], a[1]),
        (a) => copyOf(a[0], a[1], a[2]),
        (a) => join(a[0]),
        (a) => blit(a[0], a[1], a[2], a[3], a[4]),
        (a) => readUint(a[0], a[1], a[2]),
        (a) => writeUint(a[0], a[1], a[2], a[3]),
        (a) => readRecordHeader(a[0]),
        (a) => readHandshakeHeader(a[0]),
        (a) => readHelloFragment(a[0], a[1]),
        (a) => (a[0] as Association).receive(a[1], a[2], a[3]),
        (a) => (a[0] as Association).tick(a[1]),
        (a) => (a[0] as Association).poll(),
        (a) => (a[0] as Association).deadline(),
        (a) => (a[0] as Association).send(a[1], a[2]),
        (a) => (a[0] as Association).shutdown(a[1], a[2]),
        (a) => (a[0] as Association).answer(a[1], a[2]),
        (a) => (a[0] as Association).snapshot(),
        (a) => (a[0] as ServerEndpoint).receive(a[1], a[2], a[3], a[4]),
        (a) => (a[0] as ServerEndpoint).tick(a[1]),
        (a) => (a[0] as ServerEndpoint).touched(a[1]),
        (a) => (a[0] as ServerEndpoint).nextReady(),
        (a) => (a[0] as ServerEndpoint).nextReply(),
    ]
}

/** Records a value on which both kinds of code must agree. */
function note(value: unknown): void {
    if (value instanceof Buffer) ds._fuzzNote(value)
    else if (typeof value === "number" || typeof value === "boolean") ds._fuzzNote("" + value)
    else ds._fuzzNote(typeof value)
}

function step(values: Values, known: Call[], names: string[]): void {
    const what = values.reader.uint(1)
    const { pool } = values
    try {
        if (what < 96) {
            const object = pool[values.choose(pool.length)] as Fields
            const name = names[values.choose(names.length)] as string
            if (what < 24) pool.push(object[name])
            else if (what < 32) delete object[name]
            else object[name] = values.next(0)
            return
        }
        const result = (known[values.choose(known.length)] as Call)(values.list(5) as never[])
        pool.push(result)
        note(result)
    } catch (error) {
        const { name, message } = error as Error
        ds._fuzzNote(name + ": " + message)
    }
}

function prepare(state: number): FuzzRun {
    const pair = new Pair(state === 0 ? 4 : 6)
    const { client, server } = pair.run()
    const datagrams = flightsFor(state === 1, 0)
    const known = calls()
    const names = fieldNames()
    return async (input) => {
        const values = new Values(new Reader(input, 0, input.length))
        const first = datagrams[0] as Buffer
        values.pool = [client, server, pair.peers(), new Reader(first, 0, first.length), new Writer(8)]
        for (const data of datagrams) values.pool.push(data)
        for (let i = 0; i < MOST_STEPS && values.reader.remaining() > 0; i++) step(values, known, names)
    }
}

/** Calls functions of the engine with modified objects, translated and interpreted. */
export function translatedTarget(): FuzzTarget {
    return {
        states: 2,
        prepare,
        seeds: () => [hex`600004300a000a060300030a`, hex`30000603ff600004300a000a060300030a`],
    }
}
