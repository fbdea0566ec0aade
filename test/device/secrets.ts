/*
 * A client that connects, gets one answer, closes, drops all references and waits. With the setting `listen-port`, a
 * server does the same with one client. The test then looks for secrets left in memory.
 */
import * as ds from "@devicescript/core"
import { TLS_PSK_WITH_AES_128_CCM_8 } from "../../src/dtls/key-exchange/suites.js"
import { wifi } from "../../src/dtls/flight/retransmission.js"
import { mcuLimits } from "../../src/dtls/handshake/limits.js"
import { InputMessage, OutputMessage } from "../../src/gio/datagram-based.js"
import { DtlsClientConnection } from "../../src/gio/dtls-client-connection.js"
import { type DtlsConnection } from "../../src/gio/dtls-connection.js"
import { DtlsListener } from "../../src/gio/dtls-listener.js"
import { SinglePsk } from "../../src/gio/credentials.js"
import { type DtlsSettings, newSettings } from "../../src/gio/settings.js"
import "../../src/platform/runtime/natives.js"
import { type Services } from "../../src/platform/services.js"
import { RuntimeServices } from "../../src/platform/runtime/services.js"

const FOREVER = -1

function settings(): DtlsSettings {
    const key = Buffer.from(ds._moteSetting("key") ?? "", "hex")
    const psk = new SinglePsk(Buffer.from(ds._moteSetting("identity") ?? ""), key)
    return newSettings([TLS_PSK_WITH_AES_128_CCM_8()], psk, wifi(), mcuLimits())
}

async function receive(connection: DtlsConnection): Promise<Buffer> {
    const message = new InputMessage([Buffer.alloc(64)])
    await connection.receiveMessages([message], 0, FOREVER)
    return message.vectors[0]
}

async function runClient(services: Services): Promise<void> {
    const remote = { address: ds._moteSetting("host") ?? "", port: parseInt(ds._moteSetting("port") ?? "") }
    const socket = await services.openUdp({ localHost: undefined, localPort: 0, remote })
    const connection = new DtlsClientConnection(services, socket, settings(), undefined)
    await connection.sendMessages([new OutputMessage([Buffer.from("hello")])], 0, FOREVER)
    await receive(connection)
    await connection.close()
    socket.close()
}

async function runServer(services: Services, localPort: number): Promise<void> {
    const socket = await services.openUdp({ localHost: undefined, localPort, remote: undefined })
    const listener = new DtlsListener(services, socket, settings())
    console.log("listening " + socket.localAddress().port)
    const connection = await listener.accept(FOREVER)
    await connection.sendMessages([new OutputMessage([await receive(connection)])], 0, FOREVER)
    // The client closes first, so that no datagram is on its way any more.
    await receive(connection)
    await listener.close()
    socket.close()
}

async function main(): Promise<void> {
    const services = new RuntimeServices()
    const port = ds._moteSetting("listen-port")
    if (port === undefined) await runClient(services)
    else await runServer(services, parseInt(port))
}

/** Creates enough garbage to cause a collection. */
function litter(): void {
    for (let i = 0; i < 1000; i++) Buffer.alloc(200)
}

await main()
// The connection's own fibers have to end and drop their references.
await ds.sleep(50)
litter()
console.log("closed")
await ds.sleep(1000000)
