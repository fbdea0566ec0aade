/*
 * Memory of one client connection. The server's datagrams are recorded first and played back, so that nothing of the server is
 * there meanwhile; both draw from seeded streams, which begin anew.
 */
import * as ds from "@devicescript/core"
import { type Association } from "../../../src/dtls/association/association.js"
import { Link, RECORD_BYTES, Turn } from "./link.js"

/** @returns the datagrams of the server */
async function record(newLink: () => Link): Promise<Buffer[]> {
    ds._benchSeed()
    const link = newLink()
    const recording: Buffer[] = []
    link.recording = recording
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
    return recording
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

/**
 * Bytes of the arena and of the native heap that a further connection takes: what the first ones leave behind in frames and
 * caches stays the same.
 */
export async function memoryOfClient(newLink: () => Link): Promise<void> {
    const toClient = await record(newLink)
    const link = newLink()
    const kept: (Association | undefined)[] = [undefined, undefined, undefined, undefined]
    for (let i = 0; i < kept.length; i++) {
        const arena = ds._benchAlive()
        const heap = ds._benchHeap(false)
        ds._benchReset()
        await playBack(link, toClient)
        kept[i] = link.client
        if (i < kept.length - 1) continue
        ds._benchReport("arena_program", arena)
        ds._benchReport("arena_peak", ds._benchPeak() - arena)
        ds._benchReport("heap_natives_peak", ds._benchHeap(true) - heap)
        ds._benchReport("arena_idle", ds._benchAlive() - arena)
        ds._benchReport("heap_natives_idle", ds._benchHeap(false) - heap)
    }
    if (link.received !== kept.length || toClient.length === 0) throw new Error("the recording does not fit")
}
