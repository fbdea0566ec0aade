import { rejects, strictEqual } from "node:assert/strict"
import { newExchangeV12V13 } from "../../../src/dtls/endpoint/v13/hello-exchange.js"
import { wifi } from "../../../src/dtls/flight/retransmission.js"
import { gatewayLimits } from "../../../src/dtls/handshake/limits.js"
import { TLS_AES_128_CCM_SHA256 } from "../../../src/dtls/handshake/v13/suites.js"
import { TLS_PSK_WITH_AES_128_CCM_8 } from "../../../src/dtls/key-exchange/suites.js"
import { SinglePsk } from "../../../src/gio/credentials.js"
import { type DtlsConnection } from "../../../src/gio/dtls-connection.js"
import { type ServerConnection } from "../../../src/gio/server-connection.js"
import { type DtlsSettings, newSettings } from "../../../src/gio/settings.js"
import { DtlsListenerV13 } from "../../../src/gio/v13/dtls-listener.js"
import { DtlsServerConnectionV13 } from "../../../src/gio/v13/dtls-server-connection.js"
import { connect, type ConnectOptions, type DtlsError } from "../../../src/index.js"
import { NodeServices } from "../../../src/platform/node/services.js"
import { type UdpSocket } from "../../../src/platform/services.js"
import { freePort } from "../../interop/process.js"
import { into, out, textOf } from "../../support/gio.js"

const psk = { identity: "device", key: Buffer.from("00112233445566778899aabbccddeeff", "hex") }
/** µs */
const LONG = 10_000_000
const OLDER: ConnectOptions = { psk }
const NEWER: ConnectOptions = { psk, minVersion: "1.3" }
const BOTH: ConnectOptions = { psk, maxVersion: "1.3" }
const services = new NodeServices({ log: () => undefined })

function settings(): DtlsSettings {
    const suites = [TLS_AES_128_CCM_SHA256(), TLS_PSK_WITH_AES_128_CCM_8()]
    return newSettings(suites, new SinglePsk(Buffer.from(psk.identity), psk.key), wifi(), gatewayLimits())
}

/**
 * What the server receives from a client with these options, after each side has sent a message, and the version of the
 * server's connection.
 */
async function exchanged(
    port: number,
    options: ConnectOptions,
    server: () => Promise<DtlsConnection>,
): Promise<[string, number]> {
    const [client, connection] = await Promise.all([connect("127.0.0.1", port, options), server()])
    await client.send("up")
    const message = into()
    await connection.receiveMessages([message], 0, LONG)
    await connection.sendMessages([out("down")], 0, LONG)
    strictEqual(String(await client.receive()), "down")
    await client.close()
    return [textOf(message), connection.getProtocolVersion()]
}

/** Runs `body` with a DTLS 1.3 listener with these settings. */
async function listening(
    given: DtlsSettings,
    body: (port: number, accept: () => Promise<ServerConnection>) => Promise<void>,
): Promise<void> {
    const socket = await services.openUdp({ remote: undefined, localHost: "127.0.0.1", localPort: 0 })
    const listener = new DtlsListenerV13(services, socket, given)
    try {
        await body(socket.localAddress().port, () => listener.accept(LONG))
    } finally {
        await listener.close()
        socket.close()
    }
}

const refusesOlder = async (port: number): Promise<void> =>
    await rejects(connect("127.0.0.1", port, OLDER), (error: DtlsError) => /protocol_version/.test(error.message))

describe("servers of DTLS 1.3 only", () => {
    it("a listener accepts a client of 1.3 and one of both versions, and refuses one of 1.2 with protocol_version", async () => {
        await listening(settings(), async (port, accept) => {
            for (const options of [NEWER, BOTH]) {
                const [text, version] = await exchanged(port, options, accept)
                strictEqual(`${text} ${version}`, "up 203")
            }
            await refusesOlder(port)
        })
    })

    it("a connection without a listener does, too", async () => {
        const [clientPort, port] = [await freePort(), await freePort()]
        const base: UdpSocket = await services.openUdp({
            remote: { address: "127.0.0.1", port: clientPort },
            localHost: "127.0.0.1",
            localPort: port,
        })
        const connection = new DtlsServerConnectionV13(services, base, settings())
        const handshaken = async (): Promise<DtlsConnection> => (await connection.handshake(), connection)
        const [text, version] = await exchanged(port, { ...NEWER, localPort: clientPort }, handshaken)
        strictEqual(`${text} ${version}`, "up 203")
        await connection.close()
        base.close()
    })

    it("use the key exchanges that newExchange of their settings creates, if set", async () => {
        await listening({ ...settings(), newExchange: newExchangeV12V13() }, async (port, accept) => {
            const [text, version] = await exchanged(port, OLDER, accept)
            strictEqual(`${text} ${version}`, "up 202")
        })
    })
})
