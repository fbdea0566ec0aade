import { Diagnostic } from "../../src/dtls/association/output.js"
import { type SocketAddress } from "../../src/gio/socket-address.js"
import { printable } from "../../src/platform/node/printable.js"
import { diagnosticText } from "../describe.js"
import { ObservedServices } from "../trace/observed-services.js"
import { type Direction, traceLine, Tracer } from "../trace/tracer.js"
import { flag, type Values } from "./options.js"

/** Bytes and datagrams both ways. */
export interface Traffic {
    bytes: number
    datagrams: number
}

/**
 * What a command says: events for people, or one JSON object per line; and the services whose sockets it watches. The one
 * place where what peers and devices sent becomes a line: nothing in it can begin another one or steer the terminal.
 */
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
                this.json ? this.printJson(record) : this.print(process.stderr, traceLine(record)),
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

    private print(stream: NodeJS.WritableStream, line: string): void {
        stream.write(`${printable(line)}\n`)
    }

    private printJson(value: object): void {
        process.stdout.write(`${JSON.stringify(value)}\n`)
    }

    /** Bytes of a peer, as they are for a program behind a pipe; on a terminal line by line, escaped. */
    data(bytes: Buffer): void {
        if (!process.stdout.isTTY) process.stdout.write(bytes)
        else process.stdout.write(bytes.toString().split("\n").map(printable).join("\n"))
    }

    /** @param sentence for people; @param event for programs */
    event(sentence: string, event: object): void {
        if (this.json) this.printJson(event)
        else this.print(process.stdout, sentence)
    }

    /** Something went wrong, and the command goes on. */
    problem(message: string): void {
        if (this.json) this.printJson({ event: "problem", message })
        else this.print(process.stderr, `mote: ${message}`)
    }

    /** For people only, beside the output. */
    note(sentence: string): void {
        if (!this.json) this.print(process.stderr, sentence)
    }

    diagnostic = (diagnostic: Diagnostic, detail: number): void => {
        const message = diagnosticText(diagnostic, detail)
        if (this.json) this.printJson({ event: "diagnostic", diagnostic: Diagnostic[diagnostic], message })
        else this.print(process.stderr, `note: ${message}`)
    }
}
