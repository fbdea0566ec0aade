/*
 * A device that listens for CoAPs, tells a reading at /room, and takes its updates at /update: `mote update` pushes them. The
 * program confirms itself with the first client that shakes hands.
 */
import { CoapCode, type CoapHandler, CoapRouter, CoapServer, defaultCoapParameters, MessageLayer } from "mote-dtls/coap"
import { configuredSuites, services, setting } from "mote-dtls/device"
import { mcuLimits, wifi } from "mote-dtls/engine"
import { DtlsListener, DtlsServerConnection, LogLevel, newSettings, SinglePsk } from "mote-dtls/gio"
import { configuredUpdate, restartLater, UpdateResource } from "mote-dtls/update"

const psk = new SinglePsk(Buffer.from(setting("identity", "")), Buffer.from(setting("key", ""), "hex"))
const settings = newSettings(configuredSuites(), psk, wifi(), mcuLimits())
const port = parseInt(setting("listen", "5684"))
const socket = await services.openUdp({ remote: undefined, localHost: undefined, localPort: port })
const listener = new DtlsListener(services, socket, settings)
const update = configuredUpdate()

const router = new CoapRouter()
const room: CoapHandler = async () => ({ code: CoapCode.CONTENT, options: [], payload: Buffer.from("21.5") })
router.addRoute(["room"], [], [{ method: CoapCode.GET, handler: room }])

async function serve(connection: DtlsServerConnection): Promise<void> {
    const resource = new UpdateResource(update, "update", router.asHandler(), restartLater)
    const layer = new MessageLayer(services, connection, defaultCoapParameters())
    try {
        await new CoapServer(layer, resource.asHandler(), resource.understood()).run()
    } catch (error) {
        services.log(LogLevel.warning, (error as Error).message)
    }
    await connection.close()
}

function begin(connection: DtlsServerConnection): void {
    update.slots.confirm()
    services.spawn(async () => await serve(connection))
}

services.log(LogLevel.info, "listening")
while (true) begin(await listener.accept(-1))
