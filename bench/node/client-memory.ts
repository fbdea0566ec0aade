import { spawn } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"
import { type DtlsSocket } from "../../src/index.js"
import { memory } from "./idle.js"
import { connect, TLS_PSK_WITH_AES_128_CCM_8 } from "./published.js"

const psk = { identity: "bench", key: Buffer.alloc(16, 7) }
const suites = [TLS_PSK_WITH_AES_128_CCM_8()]
/** Each has a socket, and many systems let a process have 1,024 files. */
const CLIENTS = 500
/** connected before, so that code and tables are there already */
const WARM_UP = 50

/** Clients that have shaken hands and said one thing. */
async function connected(port: number, count: number): Promise<DtlsSocket[]> {
    const clients: DtlsSocket[] = []
    while (clients.length < count) {
        const client = await connect("127.0.0.1", port, { psk, suites })
        await client.send("21.5")
        clients.push(client)
    }
    return clients
}

/** What a connection that stands and says nothing costs the side that made it, its socket included: bytes of heap. */
export async function idleClients(): Promise<Record<string, number>> {
    const program = fileURLToPath(new URL("idle-server.ts", import.meta.url))
    const server = spawn(process.execPath, [...process.execArgv, program], { stdio: ["ignore", "pipe", "inherit"] })
    try {
        const [line] = (await once(server.stdout, "data")) as [Buffer]
        const first = await connected(Number(String(line)), WARM_UP)
        const before = memory()
        const clients = await connected(Number(String(line)), CLIENTS)
        const after = memory()
        await Promise.all([...first, ...clients].map((client) => client.close()))
        return { bytes_per_idle_client_association: Math.round((after.heap - before.heap) / CLIENTS) }
    } finally {
        server.kill()
    }
}
