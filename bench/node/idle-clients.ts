/* bench/node/idle.ts: clients that shake hands and vanish without a word. idle-clients.ts PORT COUNT */
import { wifi } from "../../src/dtls/flight/retransmission.js"
import { gatewayLimits } from "../../src/dtls/handshake/limits.js"
import { TLS_PSK_WITH_AES_128_CCM_8 } from "../../src/dtls/key-exchange/suites.js"
import { SinglePsk } from "../../src/gio/credentials.js"
import { DtlsClientConnection } from "../../src/gio/dtls-client-connection.js"
import { newSettings } from "../../src/gio/settings.js"
import { NodeServices } from "../../src/platform/node/services.js"

const [port, count] = process.argv.slice(2).map(Number)
const AT_ONCE = 16
const services = new NodeServices()
const credentials = new SinglePsk(Buffer.from("bench"), Buffer.alloc(16, 7))
const settings = newSettings([TLS_PSK_WITH_AES_128_CCM_8()], credentials, wifi(), gatewayLimits())

let next = 0

async function connectSome(): Promise<void> {
    while (next < count) {
        if (++next % 1000 === 0) console.log(`${next} of ${count} idle associations`)
        const remote = { address: "127.0.0.1", port }
        const socket = await services.openUdp({ remote, localHost: undefined, localPort: 0 })
        await new DtlsClientConnection(services, socket, settings, undefined).handshake()
        // The port is given back, and nothing is said.
        socket.close()
    }
}

await Promise.all(Array.from({ length: AT_ONCE }, connectSome))
process.exit()
