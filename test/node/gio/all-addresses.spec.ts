import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict"
import { spawnSync } from "node:child_process"
import { createSocket, type Socket } from "node:dgram"
import { isDeepStrictEqual } from "node:util"
import { root } from "../../../host/build/device.js"
import { InputMessage, OutputMessage } from "../../../src/gio/datagram-based.js"
import { IOErrorEnum } from "../../../src/gio/errors.js"
import { AllAddressesSocket } from "../../../src/platform/node/all-addresses.js"
import { connect, listen } from "../../../src/index.js"
import { localAddresses, wildcardOf } from "../../../src/platform/node/local-addresses.js"
import { NodeServices } from "../../../src/platform/node/services.js"
import { type UdpSocket } from "../../../src/platform/services.js"
import { freePort, mote, Running, sleep } from "../../interop/process.js"
import { needs } from "../../support/needs.js"
import { eventually } from "../../support/running-gateway.js"

const services = new NodeServices({ log: () => undefined })
const loopback = ["127.0.0.1", "127.0.0.2", "::1"]
const psk = { identity: "device", key: Buffer.alloc(16, 9) }

function open(addresses: () => string[], port = 0, logging = services): Promise<AllAddressesSocket> {
    return AllAddressesSocket.openAll(logging, { port, wildcard: "::", addresses })
}

/** Echoes every datagram to its sender, like a server. */
async function echo(socket: UdpSocket): Promise<void> {
    const message = new InputMessage([Buffer.alloc(100)])
    for (;;) {
        if ((await socket.receiveMessages([message], 0, -1).catch(() => 0)) === 0) return
        const answer = new OutputMessage([Buffer.from(message.vectors[0].subarray(0, message.bytesReceived))])
        answer.address = message.address
        await socket.sendMessages([answer], 0, 0).catch(() => 0)
    }
}

/** A socket that only receives from the address that it is connected to. */
async function connected(address: string, port: number): Promise<Socket> {
    const socket = createSocket(address.includes(":") ? "udp6" : "udp4")
    await new Promise<void>((resolve) => socket.connect(port, address, resolve))
    return socket
}

function answer(socket: Socket, text: string): Promise<string | undefined> {
    return new Promise((resolve) => {
        socket.once("message", (data) => resolve(data.toString()))
        socket.once("error", () => resolve(undefined))
        void sleep(500).then(() => resolve(undefined))
        socket.send(text)
    })
}

/** The answers that connected clients at each address get. */
async function answers(addresses: string[], port: number): Promise<(string | undefined)[]> {
    const got: (string | undefined)[] = []
    for (const address of addresses) {
        const client = await connected(address, port)
        got.push(await answer(client, address))
        client.close()
    }
    return got
}

/** Waits until clients at loopback addresses get these answers, because this host's addresses are polled. */
async function answered(port: number, expected: (string | undefined)[]): Promise<void> {
    const isSo = async (): Promise<boolean> => isDeepStrictEqual(await answers(loopback, port), expected)
    await eventually(`answers from ${expected.join()}`, async () => ((await isSo()) ? true : undefined))
}

const KEY = "00112233445566778899aabbccddeeff"

/** A gateway with two addresses on one interface, and a neighbour: network namespaces joined by a veth pair. */
const MULTI_HOMED = [
    "unshare -n sleep 90 &",
    "neighbour=$!",
    "ip link add v0 type veth peer name v1",
    'while [ "$(readlink /proc/$neighbour/ns/net)" = "$(readlink /proc/self/ns/net)" ]; do sleep 0.1; done',
    "ip link set v1 netns $neighbour",
    "ip addr add 10.77.0.1/24 dev v0",
    "ip addr add 10.77.1.1/24 dev v0",
    "ip link set lo up",
    "ip link set v0 up",
    "nsenter -t $neighbour -n ip addr add 10.77.0.2/24 dev v1",
    "nsenter -t $neighbour -n ip link set v1 up",
    "nsenter -t $neighbour -n ip route add 10.77.0.0/16 dev v1",
    'echo "neighbour $neighbour"',
    `exec ${mote("gateway", "--psk", `a:${KEY}`).join(" ")}`,
].join("\n")

/** Why network namespaces cannot be used; undefined: they can. */
function missingNamespaces(): string | undefined {
    const made = spawnSync("unshare", ["-n", "ip", "link", "add", "v0", "type", "veth"]).status === 0
    return made ? undefined : "network namespaces need rights, ip and unshare"
}

describe("a socket at all addresses of this host", () => {
    it("answers from the address that was asked, with one port for all of them", async () => {
        const socket = await open(() => loopback)
        void echo(socket)
        deepStrictEqual(await answers(loopback, socket.localAddress().port), loopback)
        socket.close()
    })

    it("sends first from the address that the route prefers", async () => {
        const socket = await open(() => ["::1", "127.0.0.2", "127.0.0.1"])
        const peer = createSocket("udp4")
        await new Promise<void>((resolve) => peer.bind(0, "127.0.0.1", resolve))
        const heard = new Promise<string>((resolve) => peer.once("message", (_data, from) => resolve(from.address)))
        const first = new OutputMessage([Buffer.from("hello")])
        first.address = { address: "127.0.0.1", port: peer.address().port }
        strictEqual(await socket.sendMessages([first], 0, 0), 1)
        strictEqual(await heard, "127.0.0.1")
        peer.close()
        socket.close()
    })

    it("follows addresses that come and go; an answer from a removed one is an error that names it", async () => {
        let addresses = ["127.0.0.1"]
        const socket = await open(() => addresses)
        const { port } = socket.localAddress()
        void echo(socket)
        deepStrictEqual(await answers(loopback, port), ["127.0.0.1", undefined, undefined])
        addresses = ["127.0.0.2"]
        await answered(port, [undefined, "127.0.0.2", undefined])
        const late = new OutputMessage([Buffer.from("late")])
        late.address = { address: "127.0.0.1", port, local: "127.0.0.1" }
        const message = "127.0.0.1 is no address of this host any more; clients have to use another one"
        await rejects(socket.sendMessages([late], 0, 0), { code: IOErrorEnum.NOT_FOUND, message })
        socket.close()
    })

    it("logs once that a new address cannot be used, and keeps trying", async () => {
        const lines: string[] = []
        let addresses = ["127.0.0.1"]
        const logging = new NodeServices({ log: (_level, line) => void lines.push(line) })
        const socket = await open(() => addresses, 0, logging)
        const { port } = socket.localAddress()
        void echo(socket)
        const other = createSocket("udp4")
        await new Promise<void>((resolve) => other.bind({ port, address: "127.0.0.2", exclusive: true }, resolve))
        addresses = loopback
        await sleep(4500)
        strictEqual(lines.length, 1)
        ok(lines[0].startsWith(`not listening at a new address: 127.0.0.2:${port}: the port is in use`), lines[0])
        other.close()
        await answered(port, loopback)
        socket.close()
    })

    it("that cannot be opened reports which address failed or what to do, and leaves no socket behind", async () => {
        const port = await freePort()
        const other = createSocket("udp4")
        await new Promise<void>((resolve) => other.bind({ port, address: "127.0.0.2", exclusive: true }, resolve))
        await rejects(
            open(() => loopback, port),
            { code: IOErrorEnum.ADDRESS_IN_USE, message: new RegExp(`127\\.0\\.0\\.2:${port}`) },
        )
        other.close()
        const socket = await open(() => loopback, port)
        strictEqual(socket.localAddress().port, port)
        socket.close()
        await rejects(
            open(() => []),
            {
                code: IOErrorEnum.NOT_FOUND,
                message: "this host has no address to listen on; bring an interface up, or name an address",
            },
        )
        const many = Array.from({ length: 300 }, (_, i) => `127.1.${i >> 8}.${i & 255}`)
        await rejects(
            open(() => many),
            { code: IOErrorEnum.FAILED, message: /300 addresses, more than 256: name the one to listen on/ },
        )
    })

    it("is what a wildcard opens: 0.0.0.0 for IPv4, :: and no host for both families; one address is one socket", async () => {
        for (const [host, served] of [
            [undefined, [true, true, true]],
            ["::", [true, true, true]],
            ["0.0.0.0", [true, true, false]],
            ["127.0.0.2", [false, true, false]],
        ] as const) {
            const socket = await services.openUdp({ remote: undefined, localHost: host, localPort: 0 })
            void echo(socket)
            const got = await answers(loopback, socket.localAddress().port)
            deepStrictEqual(
                got,
                loopback.map((address, index) => (served[index] ? address : undefined)),
            )
            socket.close()
        }
        for (const wildcard of ["::", "0:0:0:0:0:0:0:0", undefined]) strictEqual(wildcardOf(wildcard), "::")
        for (const address of ["::1", "fe80::1%lo", "10.0.0.0"]) strictEqual(wildcardOf(address), undefined)
    })

    it("is what listen() without a host opens: DTLS clients reach every address, link-local ones too", async () => {
        const server = await listen(0, { psk })
        const addresses = localAddresses("::")
        for (const address of loopback) ok(addresses.includes(address), address)
        for (const address of addresses) await (await connect(address, server.port, { psk })).close()
        await server.close()
        const free = createSocket("udp4")
        await new Promise<void>((resolve) => free.bind({ port: server.port, address: "127.0.0.1" }, resolve))
        free.close()
    })

    it("serves the neighbours of a host with two addresses on one interface, and at a third that comes later", async function () {
        this.timeout(90000)
        needs(this, missingNamespaces())
        const host = new Running(["unshare", "-n", "sh", "-e", "-c", MULTI_HOMED])
        try {
            await host.expect("listening on [::]:5684", 30000)
            const neighbour = /neighbour (\d+)/.exec(host.output)?.[1] as string
            const ask = (address: string): string => {
                const client = mote("client", `${address}:5684`, "--psk", `a:${KEY}`, "--wait", "0")
                const run = spawnSync("nsenter", ["-t", neighbour, "-n", ...client], { cwd: root, input: "" })
                return run.status === 0 ? "answers" : run.stderr.toString()
            }
            strictEqual(ask("10.77.0.1"), "answers")
            strictEqual(ask("10.77.1.1"), "answers")
            const added = ["-t", `${host.pid}`, "-n", "ip", "addr", "add", "10.77.2.1/24", "dev", "v0"]
            strictEqual(spawnSync("nsenter", added).status, 0)
            await eventually("an answer from the third", () => (ask("10.77.2.1") === "answers" ? true : undefined))
            process.kill(Number(neighbour))
        } finally {
            await host.end()
        }
    })
})
