/* Prints the server's datagrams of one connection, for memory.ts. Both programs use the same seeded random streams from the start. */
import * as ds from "@devicescript/core"
import { RECORD_BYTES, Turn } from "./end.js"
import { type Link } from "./link.js"
import "./natives.js"

/** Prints the datagrams of a handshake and of a record in each direction. */
export async function recordServer(link: Link): Promise<void> {
    ds._benchSeed()
    link.recording = []
    await link.handshake(Turn.handshakeClient, Turn.handshakeServer)
    const message = Buffer.alloc(RECORD_BYTES)
    await link.client.send(message)
    await link.run(Turn.receiveServer, Turn.receiveClient)
    await link.serverSends(message)
    await link.run(Turn.receiveServer, Turn.receiveClient)
    if (link.received !== 1 || link.client.received !== 1) throw new Error("no recording")
    for (const datagram of link.recording) ds._benchDatagram(datagram)
}
