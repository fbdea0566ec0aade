import { createSocket } from "node:dgram"
import { createServer, type Server, type Socket } from "node:net"
import { readFileSync } from "node:fs"
import { lookup } from "node:dns/promises"
import { buildStockImage } from "../build/device.js"
import { type OfficialRun, runOfficial } from "../build/official.js"

/** What the sensor reads as settings; host and port are where the bridge sends its datagrams. */
export interface StockSettings extends Record<string, string> {
    host: string
    port: string
}

function framed(bytes: Buffer): Buffer {
    const length = Buffer.alloc(2)
    length.writeUInt16BE(bytes.length)
    return Buffer.concat([length, bytes])
}

/** Takes whole frames out of what came so far. */
function* frames(pending: { bytes: Buffer }): Generator<Buffer> {
    while (pending.bytes.length >= 2 && pending.bytes.length >= 2 + pending.bytes.readUInt16BE(0)) {
        const end = 2 + pending.bytes.readUInt16BE(0)
        yield pending.bytes.subarray(2, end)
        pending.bytes = pending.bytes.subarray(end)
    }
}

/** One connection of the VM: datagrams to and from the server that the settings name. */
async function bridge(stream: Socket, settings: StockSettings): Promise<void> {
    const { address, family } = await lookup(settings.host)
    const udp = createSocket(family === 6 ? "udp6" : "udp4")
    const pending = { bytes: Buffer.alloc(0) }
    udp.on("message", (datagram) => stream.write(framed(datagram)))
    udp.on("error", () => undefined) // a refused datagram is a lost one: the sensor's timers see to it
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
 * The sensor in the official DeviceScript VM, its datagrams through a TCP bridge.
 * @param timeout ms
 * @param print gets each console line as it comes
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
        // The VM leaves its end open; its datagram socket goes with it.
        for (const stream of streams) stream.destroy()
    }
}
