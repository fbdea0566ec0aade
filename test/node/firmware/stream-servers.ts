/* The servers that a device's streams talk to: lines and a flood, also over TLS, HTTP, MQTT. */
import { readFileSync } from "node:fs"
import { createServer as createHttp } from "node:http"
import { type AddressInfo, createServer, type Server, type Socket } from "node:net"
import { createServer as createTls } from "node:tls"
import { Aedes } from "aedes"
import { trialCertificates } from "../../../host/testing/trial-certificates.js"

/** Bytes of the flood. */
export const FLOOD = 1 << 17

/** Echoes everything. After the line "flood" it sends a flood and closes, after "end" it closes. */
function answer(socket: Socket): void {
    let text = ""
    socket.on("error", () => undefined)
    socket.on("data", (bytes) => {
        text = (text + bytes.toString("latin1")).slice(-6)
        if (text === "flood\n") socket.end(Buffer.alloc(FLOOD, "."))
        else if (text.endsWith("\nend\n")) socket.end(bytes)
        else socket.write(bytes)
    })
}

/** Answers a POST with its own contents, in chunks. */
function httpServer(): Server {
    return createHttp((request, response) => {
        const parts: Buffer[] = []
        request.on("data", (part: Buffer) => parts.push(part))
        request.on("end", () => {
            const body = `${request.method} ${request.url} ${Buffer.concat(parts).toString()}`
            response.writeHead(201, { "Content-Length": body.length })
            response.write(body.slice(0, 5))
            setTimeout(() => response.end(body.slice(5)), 20)
        })
    })
}

/** A broker that answers publications under from/mote. */
async function broker(): Promise<Server> {
    const aedes = await Aedes.createBroker()
    aedes.on("publish", ({ topic, payload }) => {
        if (topic !== "from/mote") return
        const packet = { cmd: "publish", qos: 0, retain: false, dup: false, topic: "to/mote" } as const
        aedes.publish({ ...packet, payload: `heard ${payload.toString()}` }, () => undefined)
    })
    const server = createServer((socket) => void aedes.handle(socket))
    server.on("close", () => aedes.close())
    return server
}

/** The line server over TLS, as localhost. @returns it and the file of its authority */
function secureServer(): { secure: Server; authority: string } {
    const { cert, key, ca } = trialCertificates(
        { own: "certificate", peers: "authority", hasPsk: false },
        "localhost",
    ).server
    const [certificate, privateKey, authority] = [cert, key, ca].map((files) => files?.[0] as string)
    const secure = createTls({ cert: readFileSync(certificate), key: readFileSync(privateKey) }, answer)
    return { secure, authority }
}

export interface StreamServers {
    /** file with whose certificates the server of `ports.secure` is believed */
    authority: string
    /** by the program's setting `case` */
    ports: Record<string, number>
    close(): void
}

export async function startStreamServers(): Promise<StreamServers> {
    const { secure, authority } = secureServer()
    const plain = { line: createServer(answer), http: httpServer(), mqtt: await broker(), closed: createServer() }
    const servers = { ...plain, secure }
    const port = (server: Server): number => (server.address() as AddressInfo).port
    for (const server of Object.values(servers))
        await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve))
    const { line, http, mqtt, closed } = servers
    const ports = {
        secure: port(secure),
        echo: port(line),
        second: port(line),
        flood: port(line),
        http: port(http),
        mqtt: port(mqtt),
    }
    const refused = port(closed)
    closed.close()
    return {
        authority,
        ports: { ...ports, refused },
        close: () => {
            for (const server of [line, http, mqtt, secure]) server.close()
        },
    }
}
