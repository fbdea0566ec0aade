/*
 * Memory of one client connection. The server's datagrams are recorded first and played back, so that nothing of the server is
 * there meanwhile; both draw from seeded streams, which begin anew.
 */
import * as ds from "@devicescript/core"
import { type Association } from "../../../src/dtls/association/association.js"
import { Link, RECORD_BYTES, Turn } from "./link.js"

/** What the measurement holds on to, and gives up again at its end. */
class Held {
    toClient: Buffer[] = []
    link: Link | undefined = undefined
    clients: Association[] = []
}

/** The datagrams of the server. */
async function record(held: Held): Promise<void> {
    ds._benchSeed()
    const link = held.link as Link
    link.recording = held.toClient
    await link.handshake(Turn.handshakeClient, Turn.handshakeServer)
    const message = Buffer.alloc(RECORD_BYTES)
    await link.clientSends(message)
    await link.run(Turn.receiveServer, Turn.receiveClient)
    await link.serverSends(message)
    await link.run(Turn.receiveServer, Turn.receiveClient)
    if (link.received !== 2) throw new Error("no recording")
    link.recording = undefined
    await link.hangUp()
    link.server.close()
}

/** The client's part of what was recorded. */
async function playBack(link: Link, toClient: Buffer[]): Promise<void> {
    ds._benchSeed()
    ds._benchTurn(Turn.handshakeClient)
    await link.begin()
    link.toServer = []
    for (let i = 0; i < toClient.length; i++) {
        if (i === toClient.length - 1) await link.clientSends(Buffer.alloc(RECORD_BYTES))
        link.toServer = []
        await link.deliverToClient(toClient[i])
        link.toServer = []
    }
    ds._benchTurn(Turn.nobody)
}

/** Connections one after the other; all of them stay. */
const CONNECTIONS = 4

/** A further connection's: what the first ones leave behind in frames and caches stays the same. */
async function reportConnection(held: Held): Promise<void> {
    const link = held.link as Link
    for (let i = 1; i <= CONNECTIONS; i++) {
        const arena = ds._benchAlive()
        const heap = ds._benchHeap(false)
        ds._benchReset()
        if (i === CONNECTIONS) ds._benchKinds("before")
        await playBack(link, held.toClient)
        held.clients.push(link.client as Association)
        if (i < CONNECTIONS) continue
        ds._benchReport("arena_peak", ds._benchPeak() - arena)
        ds._benchReport("heap_natives_peak", ds._benchHeap(true) - heap)
        ds._benchKinds("peak")
        ds._benchReport("arena_idle", ds._benchAlive() - arena)
        ds._benchReport("heap_natives_idle", ds._benchHeap(false) - heap)
    }
    if (link.received !== CONNECTIONS || held.toClient.length === 0) throw new Error("the recording does not fit")
}

/** What every program with a client has for as long as it runs: settings, credentials, the role. */
function lasting(link: Link): unknown[] {
    const { clientEnd, version } = link
    return [clientEnd.settings(), clientEnd, version.client]
}

/**
 * Bytes of the arena and of the native heap that a connection takes, and what the program has without any: the link, its server
 * and what was recorded are the measurement's.
 */
export async function memoryOfClient(newLink: () => Link): Promise<void> {
    const held = new Held()
    // Called as values, they are not inlined: their variables, and so links, would stay on the stack.
    const steps = [record, reportConnection]
    for (const step of steps) {
        held.link = newLink()
        await step(held)
    }
    const kept = lasting(held.link as Link)
    held.clients = []
    held.toClient = []
    held.link = undefined
    ds._benchReset()
    ds._benchKinds("program")
    ds._benchReport("arena_program", ds._benchAlive())
    if (kept.length === 0) throw new Error("nothing kept")
}
