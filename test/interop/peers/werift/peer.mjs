/*
 * werift ROLE: an independent DTLS 1.2 peer for the interop cells, with a certificate of the server. It verifies nothing.
 *
 * It sends each line of its standard input as one message and prints what it receives, a line per message. A server serves
 * one client.
 */
import { createSocket } from "node:dgram"
import { readFileSync } from "node:fs"
import { createInterface } from "node:readline"
import { parseArgs } from "node:util"
// The package cannot be imported by its name.
import library from "werift-dtls/lib/dtls/src/index.js"

const ECDSA_SHA256 = { hash: 4, signature: 3 }
const string = { type: "string" }
const { values } = parseArgs({
    args: process.argv.slice(3),
    options: { port: string, suite: string, cert: string, "cert-key": string },
})
const isClient = process.argv[2] === "client"

const udp = createSocket("udp4")
/** The client's destination; a server sends to the source of the last datagram. */
let peer = ["127.0.0.1", Number(values.port)]
const transport = {
    type: "udp",
    onData: () => undefined,
    send: (data) => new Promise((resolve) => void udp.send(data, peer[1], peer[0], resolve)),
    close: () => Promise.resolve(),
}
udp.on("message", (data, { address, port }) => {
    peer = [address, port]
    transport.onData(data, peer)
})
await new Promise((resolve) => void udp.bind(isClient ? 0 : Number(values.port), "127.0.0.1", resolve))

const certificate = isClient
    ? {}
    : {
          cert: readFileSync(values.cert, "utf8"),
          key: readFileSync(values["cert-key"], "utf8"),
          signatureHash: ECDSA_SHA256,
      }
const connection = new (isClient ? library.DtlsClient : library.DtlsServer)({
    transport,
    extendedMasterSecret: true,
    ...certificate,
})
connection.onData.subscribe((message) => console.log(`received: ${message.toString()}`))
connection.onError.subscribe((error) => console.log(`failed: ${error.message}`))
connection.onConnect.subscribe(() => {
    console.log("connected")
    createInterface({ input: process.stdin }).on("line", (line) => void connection.send(Buffer.from(line)))
})
if (isClient) await connection.connect()
