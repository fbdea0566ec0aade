/*
 * node-dtls-client client: an independent DTLS 1.2 peer for the interop cells, with a pre-shared key.
 *
 * It sends each line of its standard input as one message and prints what it receives, a line per message.
 */
import { createInterface } from "node:readline"
import { parseArgs } from "node:util"
import { dtls } from "node-dtls-client"

const string = { type: "string" }
const { values } = parseArgs({
    args: process.argv.slice(3),
    options: { port: string, suite: string, identity: string, key: string },
})
const socket = dtls.createSocket({
    type: "udp4",
    address: "127.0.0.1",
    port: Number(values.port),
    psk: { [values.identity]: Buffer.from(values.key, "hex") },
    ciphers: [values.suite],
})
socket.on("error", (error) => console.log(`failed: ${error.message}`))
socket.on("message", (message) => console.log(`received: ${message.toString()}`))
socket.on("connected", () => {
    console.log("connected")
    createInterface({ input: process.stdin }).on("line", (line) => socket.send(Buffer.from(line)))
})
