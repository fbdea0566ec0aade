import { IoError } from "../abi/abi.js"
import { type DeviceNetwork, type StreamListener, type StreamPort } from "./device-network.js"
import { type Machine } from "./machine.js"
import { type NativeCall } from "./native-call.js"
import { type NativesNamed } from "./natives.js"

/** Largest number of bytes delivered to the program at a time, as on a device (firmware/natives/tcp.c). */
const CHUNK = 512

/** Part of the arena kept free of data from peers, and ms after which the program's memory is checked again. */
const RESERVED_SHARE = 1 / 8
const PAUSE = 100

/** Limit on fibers that wait until their bytes are taken. */
const MOST_WRITERS = 4

const UNTRUSTED = "the peer's certificate is of no authority that is trusted here"

/** A device's error messages; other errors have Node's messages. */
const sentences: Record<string, string> = {
    ENOTFOUND: "the host is not known: check the name and the network",
    EAI_AGAIN: "the host is not known: check the name and the network",
    ECONNREFUSED: "connection refused: check host, port and the server",
    ETIMEDOUT: "no answer in time: check host, port and the network",
    EHOSTUNREACH: "no route to the host: check the address",
    ENETUNREACH: "no network: check the address and the network",
    ECONNRESET: "the peer broke the connection off: connect again",
    EPIPE: "the peer broke the connection off: connect again",
    DEPTH_ZERO_SELF_SIGNED_CERT: UNTRUSTED,
    SELF_SIGNED_CERT_IN_CHAIN: UNTRUSTED,
    UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNTRUSTED,
    UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNTRUSTED,
    CERT_HAS_EXPIRED: "the peer's certificate has expired",
    CERT_NOT_YET_VALID: "the peer's certificate is not valid yet",
    ERR_TLS_CERT_ALTNAME_INVALID: "the peer's certificate is for another name",
}

function sentenceOf(error: NodeJS.ErrnoException): string {
    return sentences[error.code ?? ""] ?? error.message
}

interface StreamEvent {
    name: "open" | "data" | "close" | "error"
    about?: Uint8Array | string
}

/** One stream; its events are queued until they are delivered to the program. */
class DeviceStream implements StreamListener {
    readonly port: StreamPort
    readonly events: StreamEvent[] = []
    isOpen = false
    /** fibers that wait for the network; notified when the stream ends */
    readonly writers = new Set<(result: number) => void>()

    constructor(
        network: DeviceNetwork,
        options: { host: string; port: number; tls: boolean },
        private changed: () => void,
    ) {
        this.port = network.connect(options, this)
    }

    private add(event: StreamEvent): void {
        this.events.push(event)
        this.changed()
    }

    opened(): void {
        this.isOpen = true
        this.add({ name: "open" })
    }

    received(bytes: Buffer): void {
        this.port.pause()
        for (let at = 0; at < bytes.length; at += CHUNK)
            this.events.push({ name: "data", about: bytes.subarray(at, at + CHUNK) })
        this.changed()
    }

    private end(event: StreamEvent): void {
        this.close()
        this.add(event)
    }

    ended(): void {
        this.end({ name: "close" })
    }

    failed(error: Error): void {
        this.end({ name: "error", about: sentenceOf(error) })
    }

    close(): void {
        this.isOpen = false
        this.port.close()
        for (const done of this.writers) done(-IoError.CONNECTION_CLOSED)
        this.writers.clear()
    }
}

/** The streams of @devicescript/net on one device, one at a time like in the package. */
export class DeviceStreams {
    private stream: DeviceStream | undefined
    private timer: NodeJS.Timeout | undefined

    /** @param wake called when the machine has something to do */
    constructor(
        private network: DeviceNetwork,
        private wake: () => void,
    ) {}

    /** Whether the stream may still produce events. */
    get isAwaited(): boolean {
        return this.stream !== undefined
    }

    /** Delivers the next event to the program, at most one in each step of the machine. */
    poll(machine: Machine): void {
        const { stream } = this
        if (stream === undefined || stream.events.length === 0) return
        const [event] = stream.events
        if (event.name === "data" && !hasMemory(machine)) return this.lookLater()
        if (!machine.tellSocket(event.name, event.about)) return this.lookLater()
        stream.events.shift()
        if (event.name === "close" || event.name === "error") this.stream = undefined
        else if (stream.events.length > 0) this.wake()
        else stream.port.resume()
    }

    private lookLater(): void {
        clearTimeout(this.timer)
        this.timer = setTimeout(this.wake, PAUSE)
    }

    close(): void {
        clearTimeout(this.timer)
        this.stream?.close()
        this.stream = undefined
    }

    private open(call: NativeCall): Promise<number> {
        const host = call.text(0, "host")
        const port = call.integer(1, "port", -65535, 65535)
        this.close()
        const options = { host, port: Math.abs(port), tls: port < 0 }
        this.stream = new DeviceStream(this.network, options, this.wake)
        // The opener continues later, as on a device, so that events can be delivered by then.
        return Promise.resolve(0)
    }

    private write(call: NativeCall): number | Promise<number> {
        const bytes = Buffer.from(call.textOrBuffer(0, "data"))
        const { stream } = this
        if (stream?.isOpen !== true) throw new Error("the stream is not open")
        if (stream.writers.size === MOST_WRITERS) throw new Error("too many fibers write to the stream")
        return new Promise((resolve) => {
            stream.writers.add(resolve)
            stream.port.send(bytes, () => {
                stream.writers.delete(resolve)
                resolve(0)
            })
        })
    }

    natives(): NativesNamed<"_socket"> {
        return {
            _socketOpen: (call) => this.open(call),
            _socketClose: () => {
                this.close()
                return 0
            },
            _socketWrite: (call) => this.write(call),
        }
    }
}

function hasMemory(machine: Machine): boolean {
    const room = (): boolean => {
        const { arenaBytes, usedBytes } = machine.counters()
        return arenaBytes - usedBytes > arenaBytes * RESERVED_SHARE
    }
    if (room()) return true
    machine.collect()
    return room()
}
