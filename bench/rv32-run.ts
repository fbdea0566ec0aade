/* Runs a measurement on the emulated core and reads its figures. */
import { spawnSync } from "node:child_process"
import { emulatorCommand } from "../host/board/emulator.js"
import { type BoardProgram } from "../host/build/rv32.js"

/** As in firmware/bench/support.h, test/device/bench/end.ts and link.ts. */
export const HANDSHAKES = 50
export const RECORDS = 1000

/** What a measurement printed. */
export interface Run {
    output: string
    value(name: string): number
}

/** A program for the emulated core and the image that it runs. */
export interface MoteProgram {
    program: BoardProgram
    image: string
}

/** @param image what the program runs; undefined if the measurement is all C */
export function command(program: BoardProgram, image: string | undefined, settings: Record<string, string>): string[] {
    return emulatorCommand({ firmware: program.path, image, settings, exact: true })
}

export function run(program: BoardProgram, image: string | undefined, settings: Record<string, string>): Run {
    const [qemu, ...args] = command(program, image, settings)
    const { stdout, stderr, status } = spawnSync(qemu, args, { encoding: "utf8", timeout: 300000, input: "" })
    const output = stdout + stderr
    if (status !== 0 || !output.includes("done")) throw new Error(`the measurement failed:\n${output}`)
    return {
        output,
        value: (name) => {
            const found = new RegExp(`^${name}: (\\d+)$`, "m").exec(output)
            if (found === null) throw new Error(`the measurement says nothing of ${name}:\n${output}`)
            return Number(found[1])
        },
    }
}

/**
 * Bytes allocated before everything else. Where prototypes lie decides which fields share an entry of the machine's
 * caches, which changes the cost of a record by up to two per cent. So figures are means over several layouts.
 */
const SHIFTS = [0, 24, 56, 96]

/** Runs the measurement once for each layout. */
export function runLayouts(program: BoardProgram, image: string, settings: Record<string, string>): Run[] {
    return SHIFTS.map((shift) => run(program, image, { ...settings, shift: String(shift) }))
}

export type Role = "client" | "server"

/** The setting `datagrams`: hexadecimal, each after its length. */
export const withLengths = (datagrams: Buffer[]): string =>
    datagrams.map((one) => one.length.toString(16).padStart(4, "0") + one.toString("hex")).join("")

/**
 * The setting `datagrams` for a program that contains one role only: what the other one sends in a connection.
 * @param recorder a program with both, and its image
 */
export function datagramsTo(role: Role, recorder: MoteProgram, settings: Record<string, string>): string {
    const { output } = run(recorder.program, recorder.image, { ...settings, mode: "record", to: role })
    return withLengths([...output.matchAll(/^datagram: ([0-9a-f]+)$/gm)].map(([, hex]) => Buffer.from(hex, "hex")))
}

/**
 * The memory of one client connection: the server's datagrams are recorded first, and then played back to the client.
 * @param settings the recorder's and the client's
 */
export function runClient(recorder: MoteProgram, client: MoteProgram, settings: Record<string, string>): Run {
    const datagrams = datagramsTo("client", recorder, settings)
    return run(client.program, client.image, { ...settings, mode: "client", datagrams })
}

/** Mean instructions of one handshake or record. @param names of accounts, each of which has `count` of them */
export function meanOf(speeds: Run[], names: string[], count: number): number {
    const sums = speeds.flatMap((speed) => names.map((name) => speed.value(name)))
    return Math.round(sums.reduce((all, sum) => all + sum, 0) / (count * sums.length))
}
