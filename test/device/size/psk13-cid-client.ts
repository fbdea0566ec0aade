/*
 * Size profile: a DTLS 1.3 client with a pre-shared key (psk_ke), connection ids and return routability. It sends "hello" and
 * logs the answer.
 */
import * as ds from "@devicescript/core"
import { wifi } from "../../../src/dtls/flight/retransmission.js"
import { mcuLimits } from "../../../src/dtls/handshake/limits.js"
import { returnRoutability } from "../../../src/dtls/handshake/return-routability.js"
import { connectionIdsV13 } from "../../../src/dtls/handshake/v13/connection-ids.js"
import { TLS_AES_128_CCM_SHA256 } from "../../../src/dtls/handshake/v13/suites.js"
import { SinglePsk } from "../../../src/gio/credentials.js"
import { newSettings } from "../../../src/gio/settings.js"
import { DtlsClientConnectionV13 } from "../../../src/gio/v13/dtls-client-connection.js"
import "../../../src/platform/runtime/natives.js"
import { RuntimeServices } from "../../../src/platform/runtime/services.js"
import { sayHello } from "../say-hello.js"

function setting(name: string): string {
    return ds._moteSetting(name) ?? ""
}

async function main(): Promise<void> {
    const services = new RuntimeServices()
    const psk = new SinglePsk(Buffer.from(setting("identity")), Buffer.from(setting("key"), "hex"))
    const settings = newSettings([TLS_AES_128_CCM_SHA256()], psk, wifi(), mcuLimits())
    settings.extensions = [connectionIdsV13(0, 0), returnRoutability()]
    const remote = { address: setting("host"), port: parseInt(setting("port")) }
    const socket = await services.openUdp({ localHost: undefined, localPort: 0, remote })
    const connection = new DtlsClientConnectionV13(services, socket, settings, undefined)
    await sayHello(services, connection)
}

await main()
