import { CoapClient, newRequest } from "../../src/coap/client.js"
import { BlockTransfer } from "../../src/coap/block-transfer.js"
import { CoapCode, CoapOption, codeText, CoapType } from "../../src/coap/code-points.js"
import { emptyMessage, textOption, writeCoapMessage } from "../../src/coap/message.js"
import { MessageLayer } from "../../src/coap/message-layer.js"
import { defaultCoapParameters } from "../../src/coap/parameters.js"
import { gatewayLimits } from "../../src/dtls/handshake/limits.js"
import { allSuites } from "../../src/dtls/key-exchange/suites.js"
import { wifi } from "../../src/dtls/flight/retransmission.js"
import { InputMessage, OutputMessage } from "../../src/gio/datagram-based.js"
import { DtlsClientConnection } from "../../src/gio/dtls-client-connection.js"
import { SinglePsk } from "../../src/gio/credentials.js"
import { newSettings } from "../../src/gio/settings.js"
import { Cancellable } from "../../src/gio/cancellable.js"
import { configuredConnection } from "../../src/sensor/configured.js"
import { openSession } from "../../src/sensor/session.js"
import { RoughPath } from "../support/rough-path.js"
import { NodeServices } from "../../src/platform/node/services.js"
import { CCM_8, type Cell, SUITES, type SuiteNames, TEXT_KEY, TEXT_KEY_HEX } from "./cell.js"
import { freePort, mote, untilBound, versionOf } from "./process.js"
import { ONE_RECORD, withPrograms } from "./command-line.js"

type Backend = "openssl" | "gnutls"

const psk = ["--psk", `me:${TEXT_KEY_HEX}`]

/** libcoap's DTLS port is its CoAP port plus one. */
function server(backend: Backend, port: number): string[] {
    return [`coap-server-${backend}`, "-A", "127.0.0.1", "-p", `${port - 1}`, "-k", TEXT_KEY, "-h", "hint1", "-d", "10"]
}

function client(backend: Backend, ...args: string[]): string[] {
    return [`coap-client-${backend}`, "-k", TEXT_KEY, "-u", "me", "-B", "5", ...args]
}

function cell(
    backend: Backend,
    role: Cell["role"],
    suite: string,
    what: string,
    command: string[],
    run: Cell["run"],
    expected = "ok",
): Cell {
    const version = versionOf(`coap-client-${backend}`, "--version")
    const needs = [`coap-server-${backend}`, `coap-client-${backend}`]
    const features: Cell["features"] = ["psk"]
    const peer = `libcoap-${backend}`
    return { peer, version, role, suite, what, features, command: command.join(" "), needs, run, expected }
}

/** A sensor posts a reading, and libcoap's client reads it back. */
function sensorCell(backend: Backend, suite: SuiteNames): Cell {
    const sensor = (port: number): string[] =>
        mote(
            "sensor",
            `coaps://127.0.0.1:${port}/readings`,
            ...psk,
            "--suite",
            suite.iana,
            "--count",
            "2",
            "--interval",
            "0.1",
            "--format",
            "text",
        )
    const command = [...server(backend, 5684), " || ", "mote", ...sensor(5684).slice(4)]
    return cell(backend, "server", suite.iana, "mote sensor posts, libcoap's client reads it back", command, () =>
        withPrograms(async (start) => {
            const port = await freePort()
            start(server(backend, port))
            await untilBound(port)
            const ours = start(sensor(port))
            await ours.expect("done: 2 samples posted, 0 refused, 0 lost")
            const last = /posted 2: temperature ([\d.]+) °C/.exec(ours.output)?.[1] ?? "nothing"
            const reader = start(client(backend, "-m", "get", `coaps://127.0.0.1:${port}/readings`))
            await reader.expect(`temperature ${last} Cel`)
            return "ok"
        }),
    )
}

/** libcoap's client posts to mote gateway and reads back. */
function gatewayCell(backend: Backend): Cell {
    const gateway = (port: number): string[] =>
        mote("gateway", "--host", "127.0.0.1", "--port", `${port}`, ...psk, "--hint", "hint1")
    const post = (port: number): string[] =>
        client(backend, "-m", "post", "-t", "0", "-e", "temperature 22.5 Cel", `coaps://127.0.0.1:${port}/room`)
    return cell(
        backend,
        "client",
        "its choice",
        "libcoap's client posts to mote gateway and reads it back",
        [...post(5684), " || ", ...gateway(5684).slice(4)],
        () =>
            withPrograms(async (start) => {
                const port = await freePort()
                const ours = start(gateway(port))
                await untilBound(port)
                start(post(port))
                await ours.expect("/room: temperature 22.50 °C")
                const reader = start(client(backend, "-m", "get", `coaps://127.0.0.1:${port}/room`))
                await reader.expect("temperature 22.5 Cel")
                return "ok"
            }),
    )
}

/** Two requests in one datagram: both should be answered at once. */
function coalesceCell(backend: Backend): Cell {
    const command = [...server(backend, 5684), " || ", "two GET in one call with coalesce: true"]
    const run = (): Promise<string> =>
        withPrograms(async (start) => {
            const port = await freePort()
            start(server(backend, port))
            await untilBound(port)
            return await twoInOneDatagram(port)
        })
    return cell(backend, "server", CCM_8.iana, "two records in one datagram", command, run, ONE_RECORD)
}

async function twoInOneDatagram(port: number): Promise<string> {
    const services = new NodeServices()
    const keys = new SinglePsk(Buffer.from("me"), Buffer.from(TEXT_KEY))
    const suites = allSuites().filter((suite) => suite.name === CCM_8.iana)
    const settings = newSettings(suites, keys, wifi(), gatewayLimits())
    settings.coalesce = true
    const socket = await services.openUdp({
        remote: { address: "127.0.0.1", port },
        localHost: undefined,
        localPort: 0,
    })
    const connection = new DtlsClientConnection(services, socket, settings, undefined)
    try {
        await connection.handshake()
        const get = (id: number): OutputMessage => {
            const options = [textOption(CoapOption.URI_PATH, "time")]
            const message = { ...emptyMessage(CoapType.CON, id), code: CoapCode.GET, token: Buffer.from([id]), options }
            return new OutputMessage([writeCoapMessage(message)])
        }
        await connection.sendMessages([get(1), get(2)], 0, -1)
        const answers = [new InputMessage([Buffer.alloc(128)]), new InputMessage([Buffer.alloc(128)])]
        const count = await connection.receiveMessages(answers, 0, 1500000)
        return count === 2 ? "ok" : ONE_RECORD
    } finally {
        await connection.close()
        socket.close()
    }
}

/** A response that is sent later than its acknowledgement. */
function separateCell(backend: Backend): Cell {
    return cell(
        backend,
        "server",
        CCM_8.iana,
        "separate response (/async)",
        [...server(backend, 5684), " || ", "GET /async?1"],
        () =>
            withPrograms(async (start) => {
                const port = await freePort()
                start(server(backend, port))
                await untilBound(port)
                const services = new NodeServices()
                const settings = newSettings(
                    allSuites(),
                    new SinglePsk(Buffer.from("me"), Buffer.from(TEXT_KEY)),
                    wifi(),
                    gatewayLimits(),
                )
                const socket = await services.openUdp({
                    remote: { address: "127.0.0.1", port },
                    localHost: undefined,
                    localPort: 0,
                })
                const connection = new DtlsClientConnection(services, socket, settings, undefined)
                const coap = new CoapClient(new MessageLayer(services, connection, defaultCoapParameters()))
                try {
                    const request = newRequest(CoapCode.GET)
                    request.options = [textOption(CoapOption.URI_PATH, "async"), textOption(CoapOption.URI_QUERY, "1")]
                    const response = await coap.request(request)
                    if (response.code !== CoapCode.CONTENT) return `code ${response.code}`
                    return response.type === CoapType.ACK ? "it came piggybacked" : "ok"
                } finally {
                    coap.layer.close()
                    await connection.close()
                    socket.close()
                }
            }),
    )
}

/**
 * A body is sent to libcoap's server and read back, over a path that may lose datagrams. @param block largest block,
 * bytes
 */
function blocksCell(backend: Backend, block: number, bytes: number, loss: number): Cell {
    const what = `${bytes} bytes each way in blocks of ${block}, ${loss * 100} % loss`
    const command = [...server(backend, 5684), " || ", "BlockTransfer: PUT /big, GET /big"]
    const run = (): Promise<string> =>
        withPrograms(async (start) => {
            const port = await freePort()
            start(server(backend, port))
            await untilBound(port)
            const path = await RoughPath.open(port, { loss, reorder: 0, duplicate: 0, seed: 1 })
            try {
                return await putAndGet(path.port, block, bytes)
            } finally {
                path.close()
            }
        })
    return cell(backend, "server", CCM_8.iana, what, command, run)
}

/** Sends a body to /big and reads it back. */
export async function putAndGet(port: number, size: number, bytes: number): Promise<string> {
    const settings = newSettings(
        allSuites(),
        new SinglePsk(Buffer.from("me"), Buffer.from(TEXT_KEY)),
        wifi(),
        gatewayLimits(),
    )
    const parameters = { ...defaultCoapParameters(), ackTimeout: 200, maxRetransmit: 8 }
    const target = { host: "127.0.0.1", port, path: [], query: [] }
    const session = await openSession(
        new NodeServices(),
        target,
        settings,
        parameters,
        0,
        0,
        new Cancellable(),
        configuredConnection,
    )
    try {
        const body = Buffer.from(Array.from({ length: bytes }, (_, i) => 32 + ((i * 7 + (i >> 6)) % 90)))
        const transfer = (code: CoapCode, payload: Buffer): BlockTransfer =>
            new BlockTransfer(
                { ...newRequest(code), options: [textOption(CoapOption.URI_PATH, "big")], payload },
                { size, limit: bytes, progress: undefined },
            )
        const put = await transfer(CoapCode.PUT, body).run(session.coap)
        // libcoap handles a retransmitted last block again, and then reports that the resource was changed.
        if (put.code !== CoapCode.CREATED && put.code !== CoapCode.CHANGED)
            return `PUT was answered with ${codeText(put.code)}`
        const got = await transfer(CoapCode.GET, Buffer.alloc(0)).run(session.coap)
        return got.payload.equals(body) ? "ok" : `${got.payload.length} bytes came back, or others`
    } finally {
        await session.close()
    }
}

/** libcoap's clock notifies once a second. */
function observeCell(backend: Backend): Cell {
    const observe = (port: number): string[] =>
        mote("observe", `coaps://127.0.0.1:${port}/time`, ...psk, "--count", "3", "--json")
    const command = [...server(backend, 5684), " || ", "mote", ...observe(5684).slice(4)]
    return cell(backend, "server", "its choice", "mote observe receives three states", command, () =>
        withPrograms(async (start) => {
            const port = await freePort()
            start(server(backend, port))
            await untilBound(port)
            const ours = start(observe(port))
            await ours.ended()
            const states = new Set(ours.output.match(/"text":"[^"]*"/g))
            return states.size === 3 ? "ok" : `${states.size} states: ${ours.output}`
        }),
    )
}

/** All cells of libcoap, with either TLS library. */
export function coapCells(): Cell[] {
    const cells: Cell[] = []
    for (const backend of ["openssl", "gnutls"] as const) {
        for (const suite of SUITES) {
            // libcoap with GnuTLS does not support AES-256-CCM-8.
            if (backend === "openssl" || suite.gnutls !== "AES-256-CCM-8") cells.push(sensorCell(backend, suite))
        }
        cells.push(gatewayCell(backend), coalesceCell(backend), separateCell(backend))
        cells.push(observeCell(backend))
        // libcoap takes a retransmitted last block for a whole body, which happens with GnuTLS on this path.
        if (backend === "openssl") cells.push(blocksCell(backend, 1024, 65536, 0.1))
        for (const block of [16, 32, 64, 128, 256, 512, 1024]) cells.push(blocksCell(backend, block, 3000, 0))
    }
    return cells
}
