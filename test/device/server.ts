/*
 * A DTLS server for a device. Echoes messages; stops reading from a peer that sends "hold", uses CoAP with one that
 * sends "coap", and answers "export LENGTH CONTEXT" (numbers of bytes) with the last 32 bytes of such keying material,
 * or with the error.
 */
import * as ds from "@devicescript/core"
import { copyOf } from "../../src/dtls/bytes/bytes.js"
import { CoapCode } from "../../src/coap/code-points.js"
import { defaultCoapParameters } from "../../src/coap/parameters.js"
import { MessageLayer } from "../../src/coap/message-layer.js"
import { type CoapAnswer, CoapServer } from "../../src/coap/server.js"
import { TLS_PSK_WITH_AES_128_CCM_8 } from "../../src/dtls/key-exchange/suites.js"
import { wifi } from "../../src/dtls/flight/retransmission.js"
import { mcuLimits } from "../../src/dtls/handshake/limits.js"
import { InputMessage, OutputMessage } from "../../src/gio/datagram-based.js"
import { type DtlsServerConnection } from "../../src/gio/dtls-server-connection.js"
import { DtlsListener } from "../../src/gio/dtls-listener.js"
import { SinglePsk } from "../../src/gio/credentials.js"
import { newSettings } from "../../src/gio/settings.js"
import "../../src/platform/runtime/natives.js"
import { type Services } from "../../src/platform/services.js"
import { RuntimeServices } from "../../src/platform/runtime/services.js"

const FOREVER = -1

/** A large answer, which the session keeps for retransmitted requests. */
async function answer(): Promise<CoapAnswer> {
    return { code: CoapCode.CONTENT, options: [], payload: Buffer.alloc(200) }
}

/** @param words lengths of the material and the context */
function exported(connection: DtlsServerConnection, words: string[]): string {
    try {
        const context = Buffer.alloc(parseInt(words[1]))
        const material = connection.exportKeyingMaterial("EXPORTER-test", context, parseInt(words[0]))
        return copyOf(material, Math.max(0, material.length - 32), material.length).toString("hex")
    } catch (error) {
        return (error as Error).message
    }
}

/** The answer to a peer that sends `data`. */
function reply(connection: DtlsServerConnection, data: Buffer): Buffer {
    const words = data.toString().split(" ")
    return words[0] === "export" ? Buffer.from(exported(connection, words.slice(1))) : data
}

function messageLayer(services: Services, connection: DtlsServerConnection): MessageLayer {
    const parameters = defaultCoapParameters()
    parameters.maxMessage = 300
    return new MessageLayer(services, connection, parameters)
}

async function serve(services: Services, connection: DtlsServerConnection): Promise<void> {
    try {
        while (true) {
            const message = new InputMessage([Buffer.alloc(300)])
            const count = await connection.receiveMessages([message], 0, FOREVER)
            if (count === 0 || message.bytesReceived === 0) return
            const data = copyOf(message.vectors[0], 0, message.bytesReceived)
            if (data.toString() === "hold") return
            if (data.toString() === "coap")
                return await new CoapServer(messageLayer(services, connection), answer, []).run()
            await connection.sendMessages([new OutputMessage([reply(connection, data)])], 0, FOREVER)
        }
    } catch (error) {
        console.log("peer: " + (error as Error).message)
    }
}

async function main(): Promise<void> {
    const services = new RuntimeServices()
    const key = Buffer.from(ds._moteSetting("key") ?? "", "hex")
    const psk = new SinglePsk(Buffer.from(ds._moteSetting("identity") ?? ""), key)
    const limits = mcuLimits()
    // All clients of this program share one key.
    limits.sessionsPerIdentity = limits.peers
    const settings = newSettings([TLS_PSK_WITH_AES_128_CCM_8()], psk, wifi(), limits)
    const localPort = parseInt(ds._moteSetting("listen-port") ?? "0")
    const anywhere = ds._moteSetting("listen") === "anywhere"
    const localHost = anywhere ? undefined : "127.0.0.1"
    const socket = await services.openUdp({ localHost, localPort, remote: undefined })
    const listener = new DtlsListener(services, socket, settings)
    console.log("listening " + socket.localAddress().port)
    while (true) {
        const connection = await listener.accept(FOREVER)
        serve.start(services, connection)
    }
}

await main()
