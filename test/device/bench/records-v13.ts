/* Records of DTLS 1.3 with connection ids, for bench:rv32: the server's id has four bytes, the client's none. */
import * as ds from "@devicescript/core"
import { clientRoleV13 } from "../../../src/dtls/association/v13/roles.js"
import { newExchangeV13 } from "../../../src/dtls/endpoint/v13/hello-exchange.js"
import { connectionIdsV13 } from "../../../src/dtls/handshake/v13/connection-ids.js"
import { TLS_AES_128_CCM_8_SHA256 } from "../../../src/dtls/handshake/v13/suites.js"
import { SinglePsk } from "../../../src/gio/credentials.js"
import { RuntimeCryptoProvider } from "../../../src/platform/runtime/crypto.js"
import "../../../src/platform/runtime/natives.js"
import { benchSettings, type End, Turn } from "./end.js"
import { Link, measureRecords } from "./link.js"
import "./natives.js"

const crypto = new RuntimeCryptoProvider()
const suites = [TLS_AES_128_CCM_8_SHA256()]
const credentials = new SinglePsk(Buffer.from("device-0001"), hex`0102030405060708090a0b0c0d0e0f10`)

function endWith(idBytes: number): End {
    const newIds = connectionIdsV13(idBytes, 0)
    const settings = () => benchSettings(crypto, suites, [newIds(crypto)])
    return { settings, credentials, connection: undefined }
}

ds._benchTurn(Turn.nobody)
const link = new Link(endWith(0), endWith(4), { client: clientRoleV13(), newExchange: newExchangeV13() })
await link.handshake(Turn.nobody, Turn.nobody)
await measureRecords(link)
ds.restart()
