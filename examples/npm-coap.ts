/*
 * node --import tsx examples/npm-coap.ts: the npm package coap, which knows UDP only, speaks CoAP over DTLS on both ends:
 * it is given connections in the shape of node:dgram's sockets.
 */
import { Agent, createServer, type OutgoingMessage } from "coap"
import { once } from "node:events"
import { connect, DtlsDgramSocket, listen } from "../src/index.js"

const psk = { identity: "device", key: Buffer.from("00112233445566778899aabbccddeeff", "hex") }

// One CoAP server of the package for each client of the DTLS server.
const server = await listen(0, { psk }, "127.0.0.1")
const serving = (async () => {
    for await (const client of server) {
        const resources = createServer((request, response) => {
            response.end(`${request.method} ${request.url} by ${String(client.peerIdentity)}`)
        })
        resources.listen(new DtlsDgramSocket(client))
    }
})()

const socket = new DtlsDgramSocket(await connect("127.0.0.1", server.port, { psk }))
const agent = new Agent({ socket })
const request: OutgoingMessage = agent.request({ host: "127.0.0.1", port: server.port, pathname: "/temperature" })
request.end()
const [response] = (await once(request, "response")) as [{ code: string; payload: Buffer }]
console.log(response.code, String(response.payload))

socket.close()
await server.close()
await serving
// The package's own agents and timers would keep the process for minutes.
process.exit()
