import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict"
import { createSocket, type Socket } from "node:dgram"
import { type AddressInfo } from "node:net"
import { InputMessage, OutputMessage } from "../../../src/gio/datagram-based.js"
import { IOErrorEnum } from "../../../src/gio/errors.js"
import { connect, listen } from "../../../src/platform/node/connect.js"
import { AllAddressesSocket, localAddresses } from "../../../src/platform/node/all-addresses.js"
import { NodeServices } from "../../../src/platform/node/services.js"
import { freePort, sleep } from "../../interop/process.js"

const services = new NodeServices({ log: () => undefined })
const loopback = ["127.0.0.1", "127.0.0.2", "::1"]

/** Answers every datagram to whoever sent it, as a server does. */
async function echo(socket: AllAddressesSocket): Promise<void> {
    const message = new InputMessage([Buffer.alloc(100)])
    for (;;) {
        if ((await socket.receiveMessages([message], 0, -1).catch(() => 0)) === 0) return
        const answer = new OutputMessage([Buffer.from(message.vectors[0].subarray(0, message.bytesReceived))])
        answer.address = message.address
        await socket.sendMessages([answer], 0, 0).catch(() => 0)
    }
}

/** A socket that hears from nobody but the address it is connected to. */
async function connected(address: string, port: number): Promise<Socket> {
    const socket = createSocket(address.includes(":") ? "udp6" : "udp4")
    await new Promise<void>((resolve) => socket.connect(port, address, resolve))
    return socket
}

function answer(socket: Socket, text: string): Promise<string | undefined> {
    return new Promise((resolve) => {
        socket.once("message", (data) => resolve(data.toString()))
        socket.once("error", () => resolve(undefined))
        setTimeout(() => resolve(undefined), 500)
        socket.send(text)
    })
}

describe("a socket at all addresses of this host", () => {
    it("answers from the address that was asked, at one port for all of them", async () => {
        const socket = await AllAddressesSocket.openAll(services, 0, () => loopback)
        const { port } = socket.localAddress()
        void echo(socket)
        for (const address of loopback) {
            const client = await connected(address, port)
            strictEqual(await answer(client, `to ${address}`), `to ${address}`)
            client.close()
        }
        socket.close()
    })

    it("follows addresses that come and go", async function () {
        this.timeout(15000)
        let addresses = ["127.0.0.1"]
        const socket = await AllAddressesSocket.openAll(services, 0, () => addresses)
        void echo(socket)
        const client = await connected("127.0.0.2", socket.localAddress().port)
        strictEqual(await answer(client, "too early"), undefined)
        addresses = ["127.0.0.2"]
        await sleep(2500)
        strictEqual(await answer(client, "there now"), "there now")
        client.close()
        const gone = await connected("127.0.0.1", socket.localAddress().port)
        strictEqual(await answer(gone, "too late"), undefined)
        gone.close()
        socket.close()
    })

    it("says which address and port are in use, and leaves no socket behind", async () => {
        const port = await freePort()
        const other = createSocket("udp4")
        await new Promise<void>((resolve) => other.bind({ port, address: "127.0.0.2", exclusive: true }, resolve))
        await rejects(
            AllAddressesSocket.openAll(services, port, () => loopback),
            { code: IOErrorEnum.ADDRESS_IN_USE, message: new RegExp(`127\\.0\\.0\\.2:${port}`) },
        )
        other.close()
        const socket = await AllAddressesSocket.openAll(services, port, () => loopback)
        strictEqual(socket.localAddress().port, port)
        socket.close()
        await rejects(
            AllAddressesSocket.openAll(services, port, () => []),
            { code: IOErrorEnum.NOT_FOUND },
        )
    })

    it("is what listen() without a host opens: clients reach every address", async () => {
        const psk = { identity: "device", key: Buffer.alloc(16, 9) }
        const server = await listen(0, { psk })
        const addresses = localAddresses().filter((address) => !address.includes("%"))
        ok(addresses.includes("127.0.0.1"))
        const reached: string[] = []
        for (const address of addresses) {
            const client = await connect(address, server.port, { psk })
            reached.push(address)
            await client.close()
        }
        deepStrictEqual(reached, addresses)
        await server.close()
        const free = createSocket("udp4")
        await new Promise<void>((resolve) => free.bind({ port: server.port, address: "127.0.0.1" }, resolve))
        strictEqual((free.address() as AddressInfo).port, server.port)
        free.close()
    })
})
