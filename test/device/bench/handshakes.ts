/*
 * What bench:rv32 measures with pre-shared keys: handshakes with a cookie and records of 64 bytes over a link in memory. The
 * setting `mode` is "speed", or "client" for the memory of one connection.
 */
import * as ds from "@devicescript/core"
import { type Association } from "../../../src/dtls/association/association.js"
import { type Peer } from "../../../src/dtls/endpoint/peer.js"
import { TLS_PSK_WITH_AES_128_CCM_8 } from "../../../src/dtls/key-exchange/suites.js"
import { SinglePsk } from "../../../src/gio/credentials.js"
import { RuntimeCryptoProvider } from "../../../src/platform/runtime/crypto.js"
import "../../../src/platform/runtime/natives.js"
import { benchSettings, type End, Link, RECORD_BYTES, Turn } from "./link.js"
import { memoryOfClient } from "./memory.js"
import "./natives.js"

const HANDSHAKES = 50
const RECORDS = 1000

function newLink(): Link {
    const settings = benchSettings(new RuntimeCryptoProvider(), [TLS_PSK_WITH_AES_128_CCM_8()], [])
    const credentials = new SinglePsk(Buffer.from("device-0001"), hex`0102030405060708090a0b0c0d0e0f10`)
    const end: End = { settings: () => settings, credentials, connection: undefined }
    return new Link(end, end)
}

async function speed(link: Link): Promise<void> {
    for (let i = 0; i < HANDSHAKES; i++) {
        await link.handshake(Turn.handshakeClient, Turn.handshakeServer)
        if (i === 0) {
            ds._benchReport("wire_bytes", link.wireBytes)
            ds._benchReport("wire_datagrams", link.wireDatagrams)
        }
        if (i < HANDSHAKES - 1) await link.hangUp()
    }
    const message = Buffer.alloc(RECORD_BYTES)
    const client = link.client as Association
    const peer = link.peer as Peer
    for (let i = 0; i < RECORDS; i++) {
        ds._benchTurn(Turn.sendClient)
        client.send([message], false)
        await link.drainClient()
        ds._benchTurn(Turn.nobody)
        await link.run(Turn.receiveServer, Turn.nobody)
        ds._benchTurn(Turn.sendServer)
        peer.association.send([message], false)
        link.server.touched(peer)
        await link.drainServer()
        ds._benchTurn(Turn.nobody)
        await link.run(Turn.nobody, Turn.receiveClient)
    }
    if (link.received !== RECORDS + RECORDS) throw new Error("records lost")
}

ds._benchTurn(Turn.nobody)
if ((ds._moteSetting("mode") ?? "speed") === "speed") await speed(newLink())
else await memoryOfClient(newLink)
ds.restart()
