import { Diagnostic } from "../../src/dtls/association/output.js"
import { type SocketAddress } from "../../src/gio/socket-address.js"
import { LogLevel } from "../../src/gio/log-level.js"
import { diagnosticText } from "../../src/platform/node/failure-text.js"
import { type DiagnosticEvent } from "../../src/platform/node/connect/handshake-watch.js"
import { keyWarnings } from "../credentials.js"
import { identityText } from "../describe.js"
import { type DeviceNetwork, hostNetwork } from "../simulator/device-network.js"
import { type CaptureFile, localOf } from "../trace/capture-file.js"
import { type Impairment } from "../trace/impaired-path.js"
import { impairedNetwork } from "../trace/impaired-socket.js"
import { ObservedServices } from "../trace/observed-services.js"
import { addressText, type Direction, traceLine, Tracer } from "../trace/tracer.js"
import { type ConnectionOptions, impairmentOf, keysOf } from "./options.js"
import { printJson, printLine, printMessage, printNote, printRaw } from "./output.js"

/** Bytes and datagrams in both directions. */
export interface Traffic {
    bytes: number
    datagrams: number
}

/**
 * Output of a command: events for people, or as one JSON object per line; and the services whose sockets it observes.
 */
export class Reporter {
    services: ObservedServices
    /** since the start */
    traffic: Traffic = { bytes: 0, datagrams: 0 }
    /** of the socket opened last; at the end of a handshake, its cost */
    socketTraffic: Traffic = { bytes: 0, datagrams: 0 }
    private tracer: Tracer | undefined
    readonly json: boolean
    private raw: boolean

    private capture: CaptureFile | undefined
    private impairment: Impairment | undefined

    constructor(options: Partial<ConnectionOptions> & { raw?: boolean }) {
        this.json = options.json === true
        this.raw = options.raw === true
        if (options.trace === true)
            this.tracer = new Tracer((record) => (this.json ? printJson(record) : printNote(traceLine(record))))
        this.capture = options.pcap
        this.impairment = impairmentOf(options)
        this.services = new ObservedServices(
            (direction, peer, data, local) => this.observe(direction, peer, data, local),
            this.impairment,
            () => (this.socketTraffic = { bytes: 0, datagrams: 0 }),
            this.log,
        )
    }

    /** The network of a simulated device, impaired as the options say. */
    network(): DeviceNetwork {
        return this.impairment === undefined ? hostNetwork : impairedNetwork(hostNetwork, this.impairment)
    }

    /** Called when a datagram passes a socket. @param local the socket's own address */
    observe(direction: Direction, peer: SocketAddress | undefined, data: Buffer, local: SocketAddress): void {
        for (const traffic of [this.traffic, this.socketTraffic]) {
            traffic.bytes += data.length
            traffic.datagrams++
        }
        this.tracer?.datagram(direction, peer, data)
        if (peer !== undefined) this.record(direction, peer, data, localOf(local, peer))
    }

    private record(direction: Direction, peer: SocketAddress, data: Buffer, local: SocketAddress): void {
        const [from, to] = direction === "sent" ? [local, peer] : [peer, local]
        this.capture?.datagram(from, to, data, Date.now())
    }

    /** Prints a peer's message: one line on standard output, or its bytes with --raw. @param peer its name in events */
    message(peer: string, message: Buffer): void {
        if (this.json) printJson({ event: "message", peer, text: message.toString(), hex: message.toString("hex") })
        else if (this.raw) printRaw(message)
        else printMessage(message)
    }

    /** @param sentence for people; @param event for programs */
    event(sentence: string, event: object): void {
        if (this.json) printJson(event)
        else printLine(sentence)
    }

    /** Reports a problem; the command continues. */
    problem(message: string): void {
        if (this.json) printJson({ event: "problem", message })
        else printNote(`mote: ${message}`)
    }

    /** A line for people only, in addition to the output. */
    note(sentence: string): void {
        if (!this.json) printNote(sentence)
    }

    diagnostic = (diagnostic: Diagnostic, detail: number): void => {
        const message = diagnosticText(diagnostic, detail)
        if (this.json) printJson({ event: "diagnostic", diagnostic: Diagnostic[diagnostic], message })
        else printNote(`note: ${message}`)
    }

    /** Reports a client that a server refuses, and other events of a peer. */
    refusal = ({ code, message, identity, remoteAddress }: DiagnosticEvent): void => {
        const who = identity === undefined ? undefined : identityText(identity)
        const address = remoteAddress === undefined ? undefined : addressText(remoteAddress)
        if (this.json) printJson({ event: "diagnostic", diagnostic: code, message, identity: who, address })
        else {
            const from = address === undefined ? "" : `${address}: `
            printNote(`note: ${from}${who === undefined ? "" : `identity ${who}: `}${message}`)
        }
    }

    /** Warns of keys on the command line that are weak, duplicate or readable by other users. */
    warnOfKeys(options: ConnectionOptions): void {
        for (const warning of keyWarnings(keysOf(options), options.pskFile)) this.log(LogLevel.warning, warning)
    }

    /** Log lines of the library. */
    private log = (level: LogLevel, message: string): void => {
        if (this.json) printJson({ event: "log", level: LogLevel[level], message })
        else printNote(`${LogLevel[level]}: ${message}`)
    }
}
