/* Handshakes of a client with a pre-shared key, for bench:rv32: a program without a server, which gets the server's datagrams. */
import * as ds from "@devicescript/core"
import { type Association } from "../../../src/dtls/association/association.js"
import { clientRole } from "../../../src/dtls/association/v12/roles.js"
import "../../../src/platform/runtime/natives.js"
import { Client, HANDSHAKES, Turn } from "./end.js"
import "./natives.js"
import { pskEnd } from "./psk.js"
import { recorded } from "./recorded.js"

async function handshake(client: Client, datagrams: Buffer[]): Promise<void> {
    ds._benchSeed()
    ds._benchTurn(Turn.empty)
    ds._benchTurn(Turn.handshakeClient)
    await client.begin()
    for (let i = 0; i < datagrams.length - 1; i++) {
        ds._benchTurn(Turn.empty)
        ds._benchTurn(Turn.handshakeClient)
        await client.deliver(datagrams[i])
        ds._benchTurn(Turn.nobody)
    }
    if (!(client.association as Association).canSend()) throw new Error("no handshake")
    await client.hangUp()
    client.toServer = []
}

ds._benchTurn(Turn.nobody)
const client = new Client(pskEnd(), clientRole())
const datagrams = recorded()
for (let i = 0; i < HANDSHAKES; i++) await handshake(client, datagrams)
ds.restart()
