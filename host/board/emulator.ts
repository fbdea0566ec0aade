import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { temporaryFolder } from "../temporary.js"
import { programSlot } from "./program-slot.js"

/** Where firmware/port/rv32-virt/link.ld has the partitions. */
const PROGRAMS = [0x80200000, 0x80240000]
const SETTINGS = 0x80280000

export interface EmulatorOptions {
    /** the linked firmware */
    firmware: string
    /** compiled program; none for a measurement */
    image?: string
    /** instead of it: folder with slot0 and slot1, as mote flash fills them */
    slots?: string
    settings?: Record<string, string>
    /** instead of them */
    settingsFile?: string
    /** UDP ports of the host (127.0.0.1) that lead to the board's */
    forward?: { host: number; board: number }[]
    /** counts instructions exactly, in emulated time: one nanosecond each */
    exact?: boolean
}

/** The host (its 127.0.0.1, its ::1) as the board sees it. */
export const HOST_OF_BOARD = "10.0.2.2"
export const IPV6_HOST_OF_BOARD = "fec0::2"

/** The programs of both slots, and settings. */
function partitions(options: EmulatorOptions): [string, Uint8Array, number][] {
    const { image, slots, settings, settingsFile } = options
    const lines = Object.entries(settings ?? {}).map(([name, value]) => `${name}=${value}\n`)
    const given = settingsFile === undefined ? lines.join("") : readFileSync(settingsFile, "utf8")
    // What comes over the air goes into the files that the programs came from.
    const text = slots === undefined ? given : `${given}slots=${resolve(slots)}\n`
    const programs: [string, Uint8Array, number][] =
        image === undefined ? [] : [["slot0", programSlot(readFileSync(image), 1), PROGRAMS[0]]]
    if (slots !== undefined)
        for (const [index, address] of PROGRAMS.entries()) {
            const path = join(slots, `slot${index}`)
            if (existsSync(path)) programs.push([`slot${index}`, readFileSync(path), address])
        }
    return [...programs, ["settings", Buffer.from(`${text}\0`), SETTINGS]]
}

function loader(folder: string, name: string, content: Uint8Array, address: number): string[] {
    const file = join(folder, name)
    writeFileSync(file, content, { mode: 0o600 })
    return ["-device", `loader,file=${file},addr=${address},force-raw=on`]
}

/**
 * The command that runs the emulated board: QEMU's `virt` machine with a network of its own, whose host is 10.0.2.2 and fec0::2.
 * The board's output is QEMU's standard error, its exit code QEMU's.
 */
export function emulatorCommand(options: EmulatorOptions): string[] {
    const { firmware, forward, exact } = options
    const folder = temporaryFolder("board")
    const forwards = (forward ?? []).map(({ host, board }) => `,hostfwd=udp:127.0.0.1:${host}-:${board}`)
    return [
        ...["qemu-system-riscv32", "-M", "virt", "-cpu", "rv32", "-m", "16M", "-bios", "none", "-kernel", firmware],
        ...[
            "-display",
            "none",
            "-monitor",
            "none",
            "-serial",
            "none",
            "-semihosting-config",
            "enable=on,target=native",
        ],
        ...["-global", "virtio-mmio.force-legacy=false", "-netdev", `user,id=net${forwards.join("")}`],
        ...["-device", "virtio-net-device,netdev=net"],
        ...(exact === true ? ["-icount", "shift=0"] : []),
        ...partitions(options).flatMap(([name, content, address]) => loader(folder, name, content, address)),
    ]
}
