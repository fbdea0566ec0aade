/* Size profile: a DTLS server with pre-shared keys that echoes to any number of clients. */
import { wifi } from "../../../src/dtls/flight/retransmission.js"
import { mcuLimits } from "../../../src/dtls/handshake/limits.js"
import { TLS_PSK_WITH_AES_128_CCM_8 } from "../../../src/dtls/key-exchange/suites.js"
import { DtlsListener } from "../../../src/gio/dtls-listener.js"
import { newSettings } from "../../../src/gio/settings.js"
import "../../../src/platform/runtime/natives.js"
import { RuntimeServices } from "../../../src/platform/runtime/services.js"
import { echoToAll, openServerSocket, pskOfSettings } from "../echo-server.js"

async function main(): Promise<void> {
    const services = new RuntimeServices()
    const settings = newSettings([TLS_PSK_WITH_AES_128_CCM_8()], pskOfSettings(), wifi(), mcuLimits())
    await echoToAll(services, new DtlsListener(services, await openServerSocket(services), settings))
}

await main()
