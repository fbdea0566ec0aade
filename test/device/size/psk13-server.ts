/* Size profile: a DTLS 1.3 server with pre-shared keys (psk_ke) that echoes to any number of clients. */
import { wifi } from "../../../src/dtls/flight/retransmission.js"
import { mcuLimits } from "../../../src/dtls/handshake/limits.js"
import { TLS_AES_128_CCM_SHA256 } from "../../../src/dtls/handshake/v13/suites.js"
import { newSettings } from "../../../src/gio/settings.js"
import { DtlsListenerV13 } from "../../../src/gio/v13/dtls-listener.js"
import "../../../src/platform/runtime/natives.js"
import { RuntimeServices } from "../../../src/platform/runtime/services.js"
import { echoToAll, openServerSocket, pskOfSettings } from "../echo-server.js"

async function main(): Promise<void> {
    const services = new RuntimeServices()
    const settings = newSettings([TLS_AES_128_CCM_SHA256()], pskOfSettings(), wifi(), mcuLimits())
    await echoToAll(services, new DtlsListenerV13(services, await openServerSocket(services), settings))
}

await main()
