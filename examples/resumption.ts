/* node --import tsx examples/resumption.ts: the second connection goes on from the session of the first. */
import { connect, listen } from "../src/index.js"

const psk = { identity: "device", key: Buffer.from("00112233445566778899aabbccddeeff", "hex") }

const server = await listen(0, { psk, sessions: true }, "127.0.0.1")

const first = await connect("127.0.0.1", server.port, { psk, session: true })
const session = first.getSession()
await first.close()

const second = await connect("127.0.0.1", server.port, { psk, session })
console.log(first.isSessionReused(), second.isSessionReused())
await second.close()
await server.close()
