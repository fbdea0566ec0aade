/*
 * bench/node/idle.ts: clients that shake hands, say MESSAGES things and vanish without a goodbye.
 * idle-clients.ts PORT COUNT MESSAGES
 */
import { wifi } from "../../src/dtls/flight/retransmission.js"
import { gatewayLimits } from "../../src/dtls/handshake/limits.js"
import { TLS_PSK_WITH_AES_128_CCM_8 } from "../../src/dtls/key-exchange/suites.js"
import { SinglePsk } from "../../src/gio/credentials.js"
import { OutputMessage } from "../../src/gio/datagram-based.js"
import { DtlsClientConnection } from "../../src/gio/dtls-client-connection.js"
import { newSettings } from "../../src/gio/settings.js"
import { NodeServices } from "../../src/platform/node/services.js"

const [port, count, messages] = process.argv.slice(2).map(Number)
const AT_ONCE = 16
const services = new NodeServices()
const credentials = new SinglePsk(Buffer.from("bench"), Buffer.alloc(16, 7))
const settings = newSettings([TLS_PSK_WITH_AES_128_CCM_8()], credentials, wifi(), gatewayLimits())
const reading = new OutputMessage([Buffer.from("21.5")])

let next = 0

async function connectSome(): Promise<void> {
    while (next < count) {
        if (++next % 1000 === 0) console.log(`${next} of ${count} idle associations`)
        const remote = { address: "127.0.0.1", port }
        const socket = await services.openUdp({ remote, localHost: undefined, localPort: 0 })
        const connection = new DtlsClientConnection(services, socket, settings, undefined)
        await connection.handshake()
        for (let i = 0; i < messages; i++) await connection.sendMessages([reading], 0, -1)
        // The port is given back, and nothing is said.
        socket.close()
    }
}

await Promise.all(Array.from({ length: AT_ONCE }, connectSome))
process.exit()
