/*
 * Measurements of bench:rv32 for DTLS 1.3: like handshakes.ts, with pre-shared keys alone (psk_ke) or, if there is a setting
 * `agrees`, with key agreement (psk_dhe_ke, P-256).
 */
import * as ds from "@devicescript/core"
import { clientRoleV13 } from "../../../src/dtls/association/v13/roles.js"
import { newExchangeV13 } from "../../../src/dtls/endpoint/v13/hello-exchange.js"
import { TLS_AES_128_CCM_8_SHA256 } from "../../../src/dtls/handshake/v13/suites.js"
import { keyShares } from "../../../src/dtls/key-exchange/v13/key-shares.js"
import { SinglePsk } from "../../../src/gio/credentials.js"
import { RuntimeCryptoProvider } from "../../../src/platform/runtime/crypto.js"
import { RuntimeKeys } from "../../../src/platform/runtime/keys.js"
import "../../../src/platform/runtime/natives.js"
import { benchSettings, type End, Turn } from "./end.js"
import { Link, measureSpeed } from "./link.js"
import { memoryOfClient } from "./memory.js"
import "./natives.js"
import { record } from "./recording.js"

function newLink(): Link {
    const crypto = new RuntimeCryptoProvider()
    const newShares = keyShares(new RuntimeKeys(), true)
    const agrees = ds._moteSetting("agrees") !== undefined
    const suites = [TLS_AES_128_CCM_8_SHA256()]
    const common = benchSettings(crypto, suites, [])
    // Key shares belong to one association.
    const settings = () => (agrees ? benchSettings(crypto, suites, [newShares(crypto)]) : common)
    const credentials = new SinglePsk(Buffer.from("device-0001"), hex`0102030405060708090a0b0c0d0e0f10`)
    const end: End = { settings, credentials, connection: undefined }
    return new Link(end, end, { client: clientRoleV13(), newExchange: newExchangeV13() })
}

ds._benchTurn(Turn.nobody)
const mode = ds._moteSetting("mode") ?? "speed"
if (mode === "speed") await measureSpeed(newLink())
else if (mode === "record") await record(newLink())
else await memoryOfClient(() => newLink().client)
ds.restart()
