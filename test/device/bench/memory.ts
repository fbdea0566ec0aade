/*
 * Memory of one client connection. The server's datagrams have been recorded, so that the program needs no server.
 */
import * as ds from "@devicescript/core"
import { type Association } from "../../../src/dtls/association/association.js"
import { Client, RECORD_BYTES, Turn } from "./end.js"
import "./natives.js"
import { recorded } from "./recorded.js"

/** Objects of the measurement itself, which it releases at its end. */
class Held {
    toClient: Buffer[] = []
    client: Client | undefined = undefined
    associations: Association[] = []
}

/** The client's side of the recorded connection. */
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

/** Makes connections one after the other, and keeps all of them. */
const CONNECTIONS = 4

/** Memory of a further connection: by then, what connections leave in frames and caches no longer grows. */
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

/** Objects that every program with a client keeps as long as it runs: settings, credentials, role. */
function lasting(client: Client): unknown[] {
    const { end, role } = client
    return [end.settings(), end, role]
}

/**
 * Bytes of the arena and of the native heap that a connection takes, and those of a program without a connection. The client and
 * the recording belong to the measurement.
 */
export async function memoryOfClient(newClient: () => Client): Promise<void> {
    const held = new Held()
    // Called as values, so that they are not inlined: their variables, and so the clients, would stay on the stack.
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
