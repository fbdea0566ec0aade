import { createSocket } from "node:dgram"
import { createServer, type Server, type Socket } from "node:net"
import { readFileSync } from "node:fs"
import { lookup } from "node:dns/promises"
import { buildStockImage } from "../build/device.js"
import { type OfficialRun, runOfficial } from "../build/official.js"

/** The sensor's settings; host and port tell the bridge where to send datagrams. */
export interface StockSettings extends Record<string, string> {
    host: string
    port: string
}

function framed(bytes: Buffer): Buffer {
    const length = Buffer.alloc(2)
    length.writeUInt16BE(bytes.length)
    return Buffer.concat([length, bytes])
}

/** Takes whole frames from the bytes received so far. */
function* frames(pending: { bytes: Buffer }): Generator<Buffer> {
    while (pending.bytes.length >= 2 && pending.bytes.length >= 2 + pending.bytes.readUInt16BE(0)) {
        const end = 2 + pending.bytes.readUInt16BE(0)
        yield pending.bytes.subarray(2, end)
        pending.bytes = pending.bytes.subarray(end)
    }
}

/** One connection of the VM: forwards datagrams to and from the server in the settings. */
async function bridge(stream: Socket, settings: StockSettings): Promise<void> {
    const { address, family } = await lookup(settings.host)
    const udp = createSocket(family === 6 ? "udp6" : "udp4")
    const pending = { bytes: Buffer.alloc(0) }
    udp.on("message", (datagram) => stream.write(framed(datagram)))
    udp.on("error", () => undefined) // a refused datagram counts as lost: the sensor's timers handle it
    stream.on("error", () => stream.destroy())
    stream.on("close", () => udp.close())
    stream.on("data", (chunk) => {
        pending.bytes = Buffer.concat([pending.bytes, chunk])
        for (const frame of frames(pending))
            if (frame.length > 0) udp.send(frame, Number(settings.port), address)
            else stream.write(framed(Buffer.from(JSON.stringify(settings))))
    })
}

async function listen(settings: StockSettings, streams: Set<Socket>): Promise<{ server: Server; port: number }> {
    const server = createServer((stream) => {
        streams.add(stream)
        bridge(stream, settings).catch((error: Error) => stream.destroy(error))
    })
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
    return { server, port: (server.address() as { port: number }).port }
}

/**
 * Runs the sensor in the official DeviceScript VM, with its datagrams through a TCP bridge.
 * @param timeout ms
 * @param print called with each console line as it arrives
 * @returns the console lines and the VM's panic code, 0 after ds.restart()
 */
export async function runStockSensor(
    settings: StockSettings,
    timeout: number,
    print?: (line: string) => void,
): Promise<OfficialRun> {
    const streams = new Set<Socket>()
    const { server, port } = await listen(settings, streams)
    try {
        const image = buildStockImage(port)
        return await runOfficial(readFileSync(image.path), false, timeout, print)
    } finally {
        server.close()
        // The VM does not close its end; its datagram socket ends with the stream.
        for (const stream of streams) stream.destroy()
    }
}
