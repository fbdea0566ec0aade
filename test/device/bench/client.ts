/*
 * A client with a pre-shared key, for bench:rv32: a program without a server, like a sensor's, which gets the server's datagrams.
 * The setting `mode` is "client" for the memory of a connection, or "speed" for handshakes.
 */
import * as ds from "@devicescript/core"
import { type Association } from "../../../src/dtls/association/association.js"
import { clientRole } from "../../../src/dtls/association/v12/roles.js"
import "../../../src/platform/runtime/natives.js"
import { Client, HANDSHAKES, Turn } from "./end.js"
import { memoryOfClient } from "./memory.js"
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

async function handshakes(client: Client): Promise<void> {
    const datagrams = recorded()
    for (let i = 0; i < HANDSHAKES; i++) await handshake(client, datagrams)
}

ds._benchTurn(Turn.nobody)
if (ds._moteSetting("mode") === "speed") await handshakes(new Client(pskEnd(), clientRole()))
else await memoryOfClient(() => new Client(pskEnd(), clientRole()))
ds.restart()
