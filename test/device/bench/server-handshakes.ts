/* Handshakes of a server with a pre-shared key, for bench:rv32: a program without a client, which gets the client's datagrams. */
import * as ds from "@devicescript/core"
import { newExchangeV12 } from "../../../src/dtls/endpoint/cookie-exchange.js"
import { type Peer } from "../../../src/dtls/endpoint/peer.js"
import "../../../src/platform/runtime/natives.js"
import { HANDSHAKES, Turn } from "./end.js"
import "./natives.js"
import { pskEnd } from "./psk.js"
import { recorded } from "./recorded.js"
import { Server } from "./server-end.js"

async function handshake(server: Server, datagrams: Buffer[]): Promise<void> {
    ds._benchSeed()
    for (let i = 0; i < datagrams.length - 1; i++) {
        ds._benchTurn(Turn.empty)
        ds._benchTurn(Turn.handshakeServer)
        await server.deliverToServer(datagrams[i])
        ds._benchTurn(Turn.nobody)
    }
    if (!(server.peer as Peer).association.canSend()) throw new Error("no handshake")
    await server.serverHangsUp()
}

ds._benchTurn(Turn.nobody)
const server = new Server(pskEnd(), newExchangeV12())
const datagrams = recorded()
for (let i = 0; i < HANDSHAKES; i++) await handshake(server, datagrams)
ds.restart()
