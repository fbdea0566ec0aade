import { strictEqual } from "node:assert/strict"
import { wifi } from "../../src/dtls/flight/retransmission.js"
import { type CipherSuite } from "../../src/dtls/handshake/cipher-suite.js"
import { FailureReason } from "../../src/dtls/handshake/failure.js"
import { type AuthenticationMode } from "../../src/dtls/handshake/key-exchange.js"
import { gatewayLimits } from "../../src/dtls/handshake/limits.js"
import { type Credentials } from "../../src/gio/credentials.js"
import { DtlsClientConnection } from "../../src/gio/dtls-client-connection.js"
import { type DtlsConnection } from "../../src/gio/dtls-connection.js"
import { DtlsListener } from "../../src/gio/dtls-listener.js"
import { newSettings } from "../../src/gio/settings.js"
import { failureMessage } from "../../src/platform/node/failure-text.js"
import { NodeServices } from "../../src/platform/node/services.js"
import { Running, untilBound } from "../interop/process.js"
import { into, out, textOf } from "./gio.js"

/** µs */
const LONG = 10000000

const services = new NodeServices({ log: () => undefined })

/** Runs `body` with a connection to a peer's server. */
export async function connecting(
    command: string[],
    port: number,
    suites: CipherSuite[],
    credentials: Credentials,
    body: (connection: DtlsConnection, peer: Running) => Promise<void>,
    serverIdentity?: string,
): Promise<void> {
    const peer = new Running(command)
    await untilBound(port)
    const remote = { address: "127.0.0.1", port }
    const socket = await services.openUdp({ localHost: undefined, localPort: 0, remote })
    const settings = newSettings(suites, credentials, wifi(), gatewayLimits())
    const connection = new DtlsClientConnection(services, socket, settings, serverIdentity)
    try {
        await body(connection, peer)
    } finally {
        await connection.close().catch(() => undefined)
        socket.close()
        await peer.end()
    }
}

/** The first client, or the reason why its handshake failed. */
async function accepted(listener: DtlsListener): Promise<DtlsConnection> {
    const failed = new Promise<never>((_resolve, reject) => {
        listener.onHandshakeFailed = (_connection, failure) =>
            reject(new Error(`${FailureReason[failure.reason]}: ${failureMessage(failure)}`))
    })
    return await Promise.race([listener.accept(LONG), failed])
}

/** Runs `body` with a listener's connection from a peer's client. */
export async function accepting(
    command: (port: number) => string[],
    suites: CipherSuite[],
    credentials: Credentials,
    mode: AuthenticationMode,
    body: (connection: DtlsConnection, peer: Running) => Promise<void>,
): Promise<void> {
    const socket = await services.openUdp({ localHost: "127.0.0.1", localPort: 0, remote: undefined })
    const settings = newSettings(suites, credentials, wifi(), gatewayLimits())
    settings.authenticationMode = mode
    const listener = new DtlsListener(services, socket, settings)
    const peer = new Running(command(socket.localAddress().port))
    try {
        await body(await accepted(listener), peer)
    } finally {
        await peer.end()
        await listener.close()
        socket.close()
    }
}

/** Exchanges a line in each direction; peers that echo return ours. */
export async function talk(connection: DtlsConnection, peer: Running, echoes: boolean): Promise<void> {
    await connection.sendMessages([out("hello up\n")], 0, LONG)
    if (!echoes) {
        await peer.expect("hello up")
        peer.write("hello down\n")
    }
    const message = into()
    await connection.receiveMessages([message], 0, LONG)
    strictEqual(textOf(message).trim(), echoes ? "hello up" : "hello down")
}
