import * as ds from "@devicescript/core"
import { copyOf } from "../../src/dtls/bytes/bytes.js"
import { InputMessage, OutputMessage } from "../../src/gio/datagram-based.js"
import { SinglePsk } from "../../src/gio/credentials.js"
import { errorText } from "../../src/gio/guarded.js"
import { type Listener } from "../../src/gio/listener.js"
import { LogLevel } from "../../src/gio/log-level.js"
import { type ServerConnection } from "../../src/gio/server-connection.js"
import { type Services, type UdpSocket } from "../../src/platform/services.js"

const FOREVER = -1

/** The key and identity from the settings. */
export function pskOfSettings(): SinglePsk {
    const key = Buffer.from(ds._moteSetting("key") ?? "", "hex")
    return new SinglePsk(Buffer.from(ds._moteSetting("identity") ?? ""), key)
}

/** Port 5684, unless set otherwise. */
export async function openServerSocket(services: Services): Promise<UdpSocket> {
    const localPort = parseInt(ds._moteSetting("listen-port") ?? "5684")
    return await services.openUdp({ localHost: undefined, localPort, remote: undefined })
}

async function echo(services: Services, connection: ServerConnection): Promise<void> {
    try {
        while (true) {
            const message = new InputMessage([Buffer.alloc(300)])
            const count = await connection.receiveMessages([message], 0, FOREVER)
            if (count === 0) return
            const data = copyOf(message.vectors[0], 0, message.bytesReceived)
            await connection.sendMessages([new OutputMessage([data])], 0, FOREVER)
        }
    } catch (error) {
        services.log(LogLevel.warning, "peer: " + errorText(error))
    }
}

/** The servers of the size profiles: echo to any number of clients. */
export async function echoToAll(services: Services, listener: Listener): Promise<void> {
    services.log(LogLevel.info, "listening")
    while (true) {
        const connection = await listener.accept(FOREVER)
        echo.start(services, connection)
    }
}
