/*
 * Prints one side's datagrams of one connection, and reads them again in programs that contain only the other side. All programs
 * use the same seeded random streams from the start.
 */
import * as ds from "@devicescript/core"
import { RECORD_BYTES, Turn } from "./end.js"
import { type Link, Recording } from "./link.js"
import "./natives.js"

/** Prints the datagrams of a handshake and of a record in each direction: those to the server with the setting `to` "server". */
export async function record(link: Link): Promise<void> {
    const { client, serving: server } = link
    ds._benchSeed()
    const recording = new Recording()
    link.recording = recording
    await link.handshake(Turn.handshakeClient, Turn.handshakeServer)
    const message = Buffer.alloc(RECORD_BYTES)
    await client.send(message)
    await link.run(Turn.receiveServer, Turn.receiveClient)
    await server.serverSends(message)
    await link.run(Turn.receiveServer, Turn.receiveClient)
    if (server.received !== 1 || client.received !== 1) throw new Error("no recording")
    const datagrams = ds._moteSetting("to") === "server" ? recording.forServer : recording.forClient
    for (const datagram of datagrams) ds._benchDatagram(datagram)
}
