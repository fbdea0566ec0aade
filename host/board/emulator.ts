import { mkdtempSync, readFileSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { programSlot } from "./program-slot.js"

/** Where firmware/port/rv32-virt/link.ld has the partitions. */
const PROGRAM = 0x80200000
const SETTINGS = 0x80280000

export interface EmulatorOptions {
    /** the linked firmware */
    firmware: string
    /** compiled program; none for a measurement */
    image?: string
    settings?: Record<string, string>
    /** UDP ports of the host (127.0.0.1) that lead to the board's */
    forward?: { host: number; board: number }[]
    /** counts instructions exactly, in emulated time: one nanosecond each */
    exact?: boolean
}

/** The host as the board sees it. */
export const HOST_OF_BOARD = "10.0.2.2"

function loader(folder: string, name: string, content: Uint8Array, address: number): string[] {
    const file = join(folder, name)
    writeFileSync(file, content)
    return ["-device", `loader,file=${file},addr=${address},force-raw=on`]
}

/**
 * The command that runs the emulated board: QEMU's `virt` machine with a network of its own, whose host is 10.0.2.2.
 * The board's output is QEMU's standard error, its exit code QEMU's.
 */
export function emulatorCommand({ firmware, image, settings, forward, exact }: EmulatorOptions): string[] {
    const folder = mkdtempSync(join(tmpdir(), "mote-board-"))
    const lines = Object.entries(settings ?? {}).map(([name, value]) => `${name}=${value}\n`)
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
        ...(image === undefined ? [] : loader(folder, "program", programSlot(readFileSync(image), 1), PROGRAM)),
        ...loader(folder, "settings", Buffer.from(`${lines.join("")}\0`), SETTINGS),
    ]
}
