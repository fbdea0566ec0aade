/*
 * What bench:rv32 measures with pre-shared keys: handshakes with a cookie and records of 64 bytes over a link in memory. The
 * setting `mode` is "speed", or "client" for the memory of one connection.
 */
import * as ds from "@devicescript/core"
import { TLS_PSK_WITH_AES_128_CCM_8 } from "../../../src/dtls/key-exchange/suites.js"
import { SinglePsk } from "../../../src/gio/credentials.js"
import { RuntimeCryptoProvider } from "../../../src/platform/runtime/crypto.js"
import "../../../src/platform/runtime/natives.js"
import { benchSettings, type End, Link, measureSpeed, Turn, version12 } from "./link.js"
import { memoryOfClient } from "./memory.js"
import "./natives.js"

function newLink(): Link {
    const settings = benchSettings(new RuntimeCryptoProvider(), [TLS_PSK_WITH_AES_128_CCM_8()], [])
    const credentials = new SinglePsk(Buffer.from("device-0001"), hex`0102030405060708090a0b0c0d0e0f10`)
    const end: End = { settings: () => settings, credentials, connection: undefined }
    return new Link(end, end, version12())
}

ds._benchTurn(Turn.nobody)
if ((ds._moteSetting("mode") ?? "speed") === "speed") await measureSpeed(newLink())
else await memoryOfClient(newLink)
ds.restart()
