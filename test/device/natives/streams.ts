/*
 * Streams of @devicescript/net: the setting `case` selects what to do with the server of
 * test/node/firmware/streams.spec.ts at `host`, `port`.
 */
import * as ds from "@devicescript/core"
import { connect, fetch, startMQTTClient } from "@devicescript/net"
import "../../../src/platform/runtime/natives.js"

const proto = ds._moteSetting("proto") === "tls" ? "tls" : "tcp"
const host = ds._moteSetting("host") ?? "127.0.0.1"
const port = parseInt(ds._moteSetting("port") ?? "1")

async function thrown(name: string, call: () => Promise<unknown>): Promise<void> {
    try {
        await call()
        console.log("said " + name + ": nothing thrown")
    } catch (e) {
        const { message } = e as Error
        // The package prefixes the socket's name.
        console.log("said " + name + ": " + message.slice(message.indexOf(": ") + 2))
    }
}

function shown(received: Buffer | undefined | null): string {
    if (received === null) return "null"
    return received === undefined ? "undefined" : received.length + " bytes"
}

/** Lines, a message larger than the server reads at a time, and the peer's end. */
async function echo(): Promise<void> {
    const socket = await connect({ host, port, proto })
    await socket.send("hello\n")
    console.log("said line: " + (await socket.readLine()))
    const large = Buffer.alloc(20000)
    for (let i = 0; i < large.length; i++) large[i] = (i * 7) & 255
    await socket.send(large)
    let at = 0
    let wrong = 0
    for (let part = await socket.recv(); part; part = await socket.recv()) {
        for (let i = 0; i < part.length; i++) if (part[i] !== (((at + i) * 7) & 255)) wrong++
        at += part.length
        if (at >= large.length) break
    }
    console.log("said large: " + at + " bytes, " + wrong + " wrong")
    console.log("said nothing: " + shown(await socket.recv(50)))
    await socket.send("\nend\n")
    let last = await socket.readLine()
    while (last !== "end" && last !== null) last = await socket.readLine()
    console.log("said end: " + shown(await socket.recv()))
}

/** A second stream replaces the first one, which reports it. */
async function second(): Promise<void> {
    const first = await connect({ host, port })
    const other = await connect({ host, port })
    await thrown("the first", async () => await first.send("x"))
    await other.send("second\n")
    console.log("said the second: " + (await other.readLine()))
    await other.close()
    await thrown("closed", async () => await other.send("x"))
}

/** The server sends a megabyte without waiting; the program reads slowly. */
async function flood(): Promise<void> {
    const socket = await connect({ host, port, proto })
    await socket.send("flood\n")
    let bytes = 0
    for (let part = await socket.recv(); part; part = await socket.recv()) {
        bytes += part.length
        if ((bytes & 15) === 0) await ds.sleep(1)
    }
    console.log("said flood: " + bytes + " bytes")
}

async function http(): Promise<void> {
    const response = await fetch("http://" + host + ":" + port + "/reading?unit=C", { method: "POST", body: "21.5" })
    console.log("said http: " + response.status + " " + response.statusText + " " + (await response.text()))
}

async function mqtt(): Promise<void> {
    const client = await startMQTTClient({ host, port, proto: "tcp", clientId: "mote" })
    let heard = ""
    await client.subscribe("to/mote", async (message) => {
        heard = message.content.toString()
    })
    await client.publish("from/mote", "21.5")
    for (let i = 0; i < 100 && heard === ""; i++) await ds.sleep(20)
    console.log("said mqtt: " + heard)
    await client.stop()
}

async function refused(): Promise<void> {
    await thrown("nobody there", async () => await connect({ host, port }))
    await thrown("no such host", async () => await connect({ host: "nowhere.invalid", port }))
    await thrown("tls", async () => await connect({ host, port, proto: "tls" }))
    await thrown("no text", async () => await connect({ host: 5 as unknown as string, port }))
}

/** A server whose certificate is only for its name. */
async function name(): Promise<void> {
    await thrown("by its name", async () => await connect({ host, port, proto }))
    await thrown("by its address", async () => await connect({ host: "127.0.0.1", port, proto }))
}

const cases: { [name: string]: () => Promise<void> } = { echo, second, flood, http, mqtt, name, refused }
await cases[ds._moteSetting("case") ?? "echo"]()
ds.restart()
