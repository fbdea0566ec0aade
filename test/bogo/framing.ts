import { once } from "node:events"
import { connect, type Socket } from "node:net"
import { EventKind, type Link, type RunnerEvent } from "./engine/side.js"
import { type Flags } from "./flags.js"

/** First byte of each frame between runner and shim; DTLS records are sent over TCP. */
enum Opcode {
    packet = 0x50,
    /** the clock advances by a number of nanoseconds */
    timeout = 0x54,
    timeoutAck = 0x74,
    mtu = 0x4d,
    expectNextTimeout = 0x45,
    updateTimeout = 0x55,
}

/** Bytes after the opcode until the frame is complete; a packet's content follows its length. */
const OPERAND_LENGTH: Record<number, number> = {
    [Opcode.packet]: 4,
    [Opcode.timeout]: 8,
    [Opcode.mtu]: 4,
    [Opcode.expectNextTimeout]: 8,
    [Opcode.updateTimeout]: 4,
}

/** Sent by the runner when it expects no timeout: the largest 64-bit number. */
const NO_TIMEOUT = 0xffffffffffffffffn

const milliseconds = (nanoseconds: bigint): number => Number(nanoseconds) / 1e6

/** Datagrams and the runner's commands over one TCP connection. */
export class RunnerLink implements Link {
    private input = Buffer.alloc(0)
    private ended = false
    private wake: (() => void) | undefined

    constructor(private socket: Socket) {
        socket.setNoDelay(true)
        socket.on("data", (data) => this.arrived(data))
        for (const event of ["end", "error", "close"]) socket.on(event, () => this.end())
    }

    async next(quietAfter: number): Promise<RunnerEvent> {
        for (;;) {
            const taken = this.take()
            if (taken !== undefined) return taken
            if (this.ended) return event(EventKind.end)
            if (!(await this.more(quietAfter))) return event(EventKind.quiet)
        }
    }

    sendPacket(data: Buffer): void {
        const header = Buffer.alloc(5)
        header[0] = Opcode.packet
        header.writeUInt32BE(data.length, 1)
        this.write(Buffer.concat([header, data]))
    }

    acknowledgeTimeout(): void {
        this.write(Buffer.from([Opcode.timeoutAck]))
    }

    /** Lets the runner read everything before the connection is closed. */
    async close(): Promise<void> {
        this.socket.end()
        while (!this.ended) await this.more(-1)
        this.socket.destroy()
    }

    private write(bytes: Buffer): void {
        if (!this.socket.destroyed) this.socket.write(bytes)
    }

    private take(): RunnerEvent | undefined {
        const opcode = this.input[0]
        if (opcode === undefined) return undefined
        const length = OPERAND_LENGTH[opcode]
        if (length === undefined) throw new Error(`the runner sent an unknown opcode, ${opcode}`)
        if (this.input.length < 1 + length) return undefined
        const operand = this.input.subarray(1, 1 + length)
        const bytes = opcode === Opcode.packet ? operand.readUInt32BE(0) : 0
        const end = 1 + length + bytes
        if (this.input.length < end) return undefined
        const data = this.input.subarray(1 + length, end)
        this.input = this.input.subarray(end)
        return eventOf(opcode, operand, data)
    }

    private more(quietAfter: number): Promise<boolean> {
        return new Promise((resolve) => {
            const timer = quietAfter < 0 ? undefined : setTimeout(() => done(false), quietAfter)
            const done = (arrived: boolean): void => {
                clearTimeout(timer)
                this.wake = undefined
                resolve(arrived)
            }
            this.wake = () => done(true)
        })
    }

    private arrived(data: Buffer): void {
        this.input = Buffer.concat([this.input, data])
        this.wake?.()
    }

    private end(): void {
        this.ended = true
        this.wake?.()
    }
}

export async function connectToRunner({ port, ipv6, shimId }: Flags): Promise<RunnerLink> {
    const socket = connect({ port, host: ipv6 ? "::1" : "127.0.0.1" })
    await once(socket, "connect")
    const id = Buffer.alloc(8)
    id.writeBigUInt64LE(shimId)
    socket.write(id)
    return new RunnerLink(socket)
}

function event(kind: EventKind, time = 0, data: Buffer = Buffer.alloc(0)): RunnerEvent {
    return { kind, time, data }
}

function eventOf(opcode: Opcode, operand: Buffer, data: Buffer): RunnerEvent {
    if (opcode === Opcode.packet) return event(EventKind.packet, 0, data)
    if (opcode === Opcode.mtu) return event(EventKind.mtu, operand.readUInt32BE(0))
    if (opcode === Opcode.updateTimeout) return event(EventKind.initialTimeout, operand.readUInt32BE(0))
    const time = operand.readBigUInt64BE(0)
    if (opcode === Opcode.timeout) return event(EventKind.advance, milliseconds(time))
    return event(EventKind.expectTimeout, time === NO_TIMEOUT ? -1 : milliseconds(time))
}
