/*
 * Memory of one client connection. Its server's datagrams, which recording.ts printed, come in the setting `datagrams` (hexadecimal,
 * each after its length in two bytes), so that nothing of a server is there.
 */
import * as ds from "@devicescript/core"
import { type Association } from "../../../src/dtls/association/association.js"
import { copyOf } from "../../../src/dtls/bytes/bytes.js"
import { Client, RECORD_BYTES, Turn } from "./end.js"
import "./natives.js"

/** What the measurement holds on to, and gives up again at its end. */
class Held {
    toClient: Buffer[] = []
    client: Client | undefined = undefined
    associations: Association[] = []
}

function recorded(): Buffer[] {
    const datagrams: Buffer[] = []
    const all = Buffer.from(ds._moteSetting("datagrams") ?? "", "hex")
    for (let at = 0; at < all.length;) {
        const end = at + 2 + (all[at] << 8) + all[at + 1]
        datagrams.push(copyOf(all, at + 2, end))
        at = end
    }
    return datagrams
}

/** The client's part of what was recorded. */
async function playBack(client: Client, toClient: Buffer[]): Promise<void> {
    ds._benchSeed()
    ds._benchTurn(Turn.handshakeClient)
    await client.begin()
    client.toServer = []
    for (let i = 0; i < toClient.length; i++) {
        if (i === toClient.length - 1) await client.send(Buffer.alloc(RECORD_BYTES))
        client.toServer = []
        await client.deliver(toClient[i])
        client.toServer = []
    }
    ds._benchTurn(Turn.nobody)
}

/** Connections one after the other; all of them stay. */
const CONNECTIONS = 4

/** A further connection's: what the first ones leave behind in frames and caches stays the same. */
async function reportConnection(held: Held): Promise<void> {
    const client = held.client as Client
    held.toClient = recorded()
    for (let i = 1; i <= CONNECTIONS; i++) {
        const arena = ds._benchAlive()
        const heap = ds._benchHeap(false)
        ds._benchReset()
        if (i === CONNECTIONS) ds._benchKinds("before")
        await playBack(client, held.toClient)
        held.associations.push(client.association as Association)
        if (i < CONNECTIONS) continue
        ds._benchReport("arena_peak", ds._benchPeak() - arena)
        ds._benchReport("heap_natives_peak", ds._benchHeap(true) - heap)
        ds._benchKinds("peak")
        ds._benchReport("arena_idle", ds._benchAlive() - arena)
        ds._benchReport("heap_natives_idle", ds._benchHeap(false) - heap)
    }
    if (client.received !== CONNECTIONS) throw new Error("the recording does not fit")
}

/** What every program with a client has for as long as it runs: settings, credentials, the role. */
function lasting(client: Client): unknown[] {
    const { end, role } = client
    return [end.settings(), end, role]
}

/**
 * Bytes of the arena and of the native heap that a connection takes, and what the program has without any: the client and the
 * recording are the measurement's.
 */
export async function memoryOfClient(newClient: () => Client): Promise<void> {
    const held = new Held()
    // Called as values, they are not inlined: their variables, and so clients, would stay on the stack.
    const steps = [reportConnection]
    for (const step of steps) {
        held.client = newClient()
        await step(held)
    }
    const kept = lasting(held.client as Client)
    held.associations = []
    held.toClient = []
    held.client = undefined
    ds._benchReset()
    ds._benchKinds("program")
    ds._benchReport("arena_program", ds._benchAlive())
    if (kept.length === 0) throw new Error("nothing kept")
}
