import { connect, type DtlsSocket, listen } from "../src/index.js"
import { InputMessage, OutputMessage } from "../src/gio/datagram-based.js"
import { allSuites } from "../src/dtls/key-exchange/suites.js"

/*
 * npm run bench:node: handshakes, round trips and records per second in one process over loopback, per suite.
 * The figures wobble with the machine; the ratios between suites do less. --json for programs.
 */

const psk = { identity: "bench", key: Buffer.alloc(16, 7) }
const SECONDS = 2
const SIZE = 64
const BATCH = 16

async function pair(
    suiteName: string,
): Promise<{ client: DtlsSocket; server: DtlsSocket; close: () => Promise<void> }> {
    const suites = allSuites().filter((suite) => suite.name === suiteName)
    const listener = await listen(0, { psk, suites }, "127.0.0.1")
    const client = await connect("127.0.0.1", listener.port, { psk, suites })
    const server = await listener.accept()
    const close = async (): Promise<void> => {
        await client.close()
        await listener.close()
    }
    return { client, server, close }
}

/** Turns per second of `turn`, over a fixed time after a warm-up. */
async function rate(turn: () => Promise<number>): Promise<number> {
    for (const warmUp = performance.now() + 300; performance.now() < warmUp;) await turn()
    const begun = performance.now()
    let done = 0
    while (performance.now() < begun + SECONDS * 1000) done += await turn()
    return Math.round((done / (performance.now() - begun)) * 1000)
}

const message = (): InputMessage => new InputMessage([Buffer.alloc(SIZE)])

async function measure(suite: string): Promise<Record<string, number>> {
    const handshakes = await rate(async () => {
        await (await pair(suite)).close()
        return 1
    })
    const { client, server, close } = await pair(suite)
    const payload = Buffer.alloc(SIZE)
    const pingPong = await rate(async () => {
        await client.send(payload)
        await server.dtls.receiveMessages([message()], 0, -1)
        await server.send(payload)
        await client.dtls.receiveMessages([message()], 0, -1)
        return 1
    })
    const batch = Array.from({ length: BATCH }, () => new OutputMessage([payload]))
    const oneWay = await rate(async () => {
        await client.dtls.sendMessages(batch, 0, -1)
        return await server.dtls.receiveMessages(Array.from({ length: BATCH }, message), 0, 100000)
    })
    await close()
    return { handshakes_per_s: handshakes, round_trips_per_s: pingPong, records_per_s: oneWay }
}

const results: Record<string, Record<string, number>> = {}
for (const suite of [
    "TLS_PSK_WITH_AES_128_CCM_8",
    "TLS_PSK_WITH_AES_128_GCM_SHA256",
    "TLS_PSK_WITH_CHACHA20_POLY1305_SHA256",
])
    results[suite] = await measure(suite)
if (process.argv.includes("--json")) console.log(JSON.stringify(results))
else console.table(results)
