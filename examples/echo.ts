/* node --import tsx examples/echo.ts: a DTLS server and a client in one program. */
import { connect, listen } from "../src/index.js"

const psk = { identity: "device", key: Buffer.from("00112233445566778899aabbccddeeff", "hex") }

const server = await listen(0, { psk }, "127.0.0.1")
const serving = (async () => {
    for await (const client of server) for await (const message of client) await client.send(message)
})()

const connection = await connect("127.0.0.1", server.port, { psk })
await connection.send("hello")
console.log((await connection.receive())?.toString())
await connection.close()
await server.close()
await serving
