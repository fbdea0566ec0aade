import { type CommonOptions, type DtlsSocket } from "../../src/index.js"
import { allSuites, connect, InputMessage, listen } from "./published.js"

const psk = { identity: "bench", key: Buffer.alloc(16, 7) }
const SIZE = 64
const BATCH = 14
const SUITES = [
    "TLS_PSK_WITH_AES_128_CCM_8",
    "TLS_PSK_WITH_AES_128_GCM_SHA256",
    "TLS_PSK_WITH_CHACHA20_POLY1305_SHA256",
]
/** DTLS 1.3 without a key agreement, which is what suites of DTLS 1.2 above do. */
const V13 = "DTLS 1.3, TLS_AES_128_GCM_SHA256"

function optionsFor(suite: string): Pick<CommonOptions, "suites" | "minVersion" | "pskModes"> {
    if (suite === V13) return { minVersion: "1.3", pskModes: ["psk_ke"] }
    return { suites: allSuites().filter(({ name }) => name === suite) }
}

/** Mote at both ends, in one process. */
async function pair(suite: string): Promise<{ client: DtlsSocket; server: DtlsSocket; close: () => Promise<void> }> {
    const options = { psk, ...optionsFor(suite) }
    const listener = await listen(0, options, "127.0.0.1")
    const client = await connect("127.0.0.1", listener.port, { ...options, coalesce: true })
    const server = await listener.accept()
    const close = async (): Promise<void> => {
        await client.close()
        await listener.close()
    }
    return { client, server, close }
}

type Rate = (turn: () => Promise<number>) => Promise<number>

async function measure(suite: string, rate: Rate): Promise<Record<string, number>> {
    const handshakes = await rate(async () => {
        await (await pair(suite)).close()
        return 1
    })
    const { client, server, close } = await pair(suite)
    const payload = Buffer.alloc(SIZE)
    const roundTrips = await rate(async () => {
        await client.send(payload)
        await server.receive()
        await server.send(payload)
        await client.receive()
        return 1
    })
    const batch = Array.from({ length: BATCH }, () => payload)
    const batched = await rate(async () => {
        await client.sendAll(batch)
        const messages = Array.from({ length: BATCH }, () => new InputMessage([Buffer.allocUnsafe(SIZE)]))
        return await server.dtls.receiveMessages(messages, 0, 100000)
    })
    await close()
    return { handshakes_per_s: handshakes, round_trips_per_s: roundTrips, records_per_s_batched: batched }
}

/** Per suite, the medians of `runs`. werift-dtls has both ends too, but no suite in common with these. */
export async function dtlsAgainstItself(
    runs: number,
    rate: Rate,
    median: (values: number[]) => number,
): Promise<Record<string, Record<string, number>>> {
    const results: Record<string, Record<string, number>> = {}
    for (const suite of [...SUITES, V13]) {
        const figures: Record<string, number>[] = []
        for (let run = 0; run < runs; run++) figures.push(await measure(suite, rate))
        results[suite] = Object.fromEntries(
            Object.keys(figures[0]).map((name) => [name, median(figures.map((run) => run[name]))]),
        )
    }
    return results
}
