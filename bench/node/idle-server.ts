/*
 * bench/node/client-memory.ts: a server that says its port, and takes what clients say until it is ended.
 */
import { listen } from "../../src/index.js"

const psk = { identity: "bench", key: Buffer.alloc(16, 7) }
const server = await listen(0, { psk, limits: { sessionsPerIdentity: 0 } }, "127.0.0.1")
console.log(server.port)
for await (const client of server) await client.receive()
