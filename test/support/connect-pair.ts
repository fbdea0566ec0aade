import { connect, type DtlsServer, type DtlsSocket, listen, type ListenOptions } from "../../src/index.js"

export const psk = { identity: "sensor1", key: new Uint8Array(16).fill(5) }
export const LOOPBACK = "127.0.0.1"

/** Runs a test with a server and a client, and closes both. */
export async function withPair(
    options: Partial<ListenOptions>,
    use: (client: DtlsSocket, accepted: DtlsSocket, server: DtlsServer) => Promise<void>,
): Promise<void> {
    await using server = await listen(0, { psk, ...options }, LOOPBACK)
    const { suites, protocols, connectionId } = options
    await using client = await connect(LOOPBACK, server.port, { psk, suites, protocols, connectionId })
    await use(client, await server.accept(), server)
}
