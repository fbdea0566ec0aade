/* Size profile: a DTLS server with pre-shared keys that echoes to any number of clients. */
import * as ds from "@devicescript/core"
import { copyOf } from "../../../src/dtls/bytes/bytes.js"
import { TLS_PSK_WITH_AES_128_CCM_8 } from "../../../src/dtls/key-exchange/suites.js"
import { wifi } from "../../../src/dtls/flight/retransmission.js"
import { mcuLimits } from "../../../src/dtls/handshake/limits.js"
import { InputMessage, OutputMessage } from "../../../src/gio/datagram-based.js"
import { DtlsListener } from "../../../src/gio/dtls-listener.js"
import { type DtlsServerConnection } from "../../../src/gio/dtls-server-connection.js"
import { errorText } from "../../../src/gio/guarded.js"
import { LogLevel } from "../../../src/gio/log-level.js"
import { SinglePsk } from "../../../src/gio/credentials.js"
import { newSettings } from "../../../src/gio/settings.js"
import "../../../src/platform/runtime/natives.js"
import { type Services } from "../../../src/platform/services.js"
import { RuntimeServices } from "../../../src/platform/runtime/services.js"

const FOREVER = -1

async function echo(services: Services, connection: DtlsServerConnection): Promise<void> {
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

async function main(): Promise<void> {
    const services = new RuntimeServices()
    const key = Buffer.from(ds._moteSetting("key") ?? "", "hex")
    const psk = new SinglePsk(Buffer.from(ds._moteSetting("identity") ?? ""), key)
    const settings = newSettings([TLS_PSK_WITH_AES_128_CCM_8()], psk, wifi(), mcuLimits())
    const socket = await services.openUdp({ localHost: undefined, localPort: 5684, remote: undefined })
    const listener = new DtlsListener(services, socket, settings)
    while (true) {
        const connection = await listener.accept(FOREVER)
        echo.start(services, connection)
    }
}

await main()
