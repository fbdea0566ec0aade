/* DtlsConnection alone, without CoAP: sends a line to a DTLS server that echoes, and prints the answer. */
import * as ds from "@devicescript/core"
import { configuredSuites, services, setting } from "mote-dtls/device"
import { copyOf, mcuLimits, wifi } from "mote-dtls/engine"
import { DtlsClientConnection, InputMessage, newSettings, OutputMessage, SinglePsk } from "mote-dtls/gio"

/** µs */
const PATIENCE = 10000000

const host = setting("host", "127.0.0.1")
const psk = new SinglePsk(Buffer.from(setting("identity", "")), Buffer.from(setting("key", ""), "hex"))
const settings = newSettings(configuredSuites(), psk, wifi(), mcuLimits())

const [address] = await services.resolve(host)
const remote = { address, port: parseInt(setting("port", "4433")) }
const socket = await services.openUdp({ remote, localHost: undefined, localPort: 0 })
const connection = new DtlsClientConnection(services, socket, settings, host)

await connection.handshake()
await connection.sendMessages([new OutputMessage([Buffer.from("hello")])], 0, PATIENCE)
const answer = new InputMessage([Buffer.alloc(64)])
await connection.receiveMessages([answer], 0, PATIENCE)
console.log(copyOf(answer.vectors[0], 0, answer.bytesReceived).toString())
await connection.close()
socket.close()
ds.restart()
