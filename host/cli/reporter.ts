import { Diagnostic } from "../../src/dtls/association/output.js"
import { type SocketAddress } from "../../src/gio/socket-address.js"
import { diagnosticText } from "../describe.js"
import { ObservedServices } from "../trace/observed-services.js"
import { type Direction, traceLine, Tracer } from "../trace/tracer.js"
import { flag, type Values } from "./options.js"

/** Bytes and datagrams both ways. */
export interface Traffic {
    bytes: number
    datagrams: number
}

/** What a command says: events for people, or one JSON object per line; and the services whose sockets it watches. */
export class Reporter {
    services: ObservedServices
    /** since the start */
    traffic: Traffic = { bytes: 0, datagrams: 0 }
    /** of the socket opened last: when a handshake is done, what it took */
    socketTraffic: Traffic = { bytes: 0, datagrams: 0 }
    private tracer: Tracer | undefined
    readonly json: boolean

    constructor(values: Values) {
        this.json = flag(values, "json")
        if (flag(values, "trace"))
            this.tracer = new Tracer((record) =>
                this.json ? this.printJson(record) : process.stderr.write(`${traceLine(record)}\n`),
            )
        this.services = new ObservedServices(
            (direction, peer, data) => this.observe(direction, peer, data),
            () => (this.socketTraffic = { bytes: 0, datagrams: 0 }),
        )
    }

    /** A datagram has passed a socket. */
    observe(direction: Direction, peer: SocketAddress | undefined, data: Buffer): void {
        for (const traffic of [this.traffic, this.socketTraffic]) {
            traffic.bytes += data.length
            traffic.datagrams++
        }
        this.tracer?.datagram(direction, peer, data)
    }

    private printJson(value: object): void {
        process.stdout.write(`${JSON.stringify(value)}\n`)
    }

    /** @param sentence for people; @param event for programs */
    event(sentence: string, event: object): void {
        if (this.json) this.printJson(event)
        else process.stdout.write(`${sentence}\n`)
    }

    /** Something went wrong, and the command goes on. */
    problem(message: string): void {
        if (this.json) this.printJson({ event: "problem", message })
        else process.stderr.write(`mote: ${message}\n`)
    }

    /** For people only, beside the output. */
    note(sentence: string): void {
        if (!this.json) process.stderr.write(`${sentence}\n`)
    }

    diagnostic = (diagnostic: Diagnostic, detail: number): void => {
        const message = diagnosticText(diagnostic, detail)
        if (this.json) this.printJson({ event: "diagnostic", diagnostic: Diagnostic[diagnostic], message })
        else process.stderr.write(`note: ${message}\n`)
    }
}
