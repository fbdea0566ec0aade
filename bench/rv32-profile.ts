/*
 * Profiles handshakes and records: instructions of each function of C and of the program, counted by a plugin of the
 * emulator.
 */
import { spawnSync } from "node:child_process"
import { readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { root } from "../host/build/device.js"
import { temporaryFolder } from "../host/temporary.js"

/** The phase that instructions are counted for, as firmware/bench/profile_plugin.c names it. */
export type Phase = "handshake" | "record"

/** One function: instructions of its own, and including those of the machine and natives on its behalf. */
export interface ProfileRow {
    name: string
    self: number
    calls: number
    with: number
}

/** Whether a function is a translated one of the program, and not other C code. */
export const isOfProgram = ({ name }: ProfileRow): boolean => /^f\d+$/.test(name)

function tool(command: string, ...args: string[]): string {
    const run = spawnSync(command, args, { encoding: "utf8", maxBuffer: 1 << 28 })
    if (run.status !== 0) throw new Error(`${command} failed:\n${run.stderr}`)
    return run.stdout
}

/** The functions of a linked program, each with its start and end address. */
function symbols(program: string): string {
    const lines = tool("riscv64-unknown-elf-nm", "-n", program).split("\n")
    const functions = lines
        .map((line) => line.split(" "))
        .filter(([, kind, name]) => /^[tTwW]$/.test(kind) && name[0] !== ".")
    return functions.map(([start, , name], i) => `${start} ${functions[i + 1]?.[0] ?? start} ${name}\n`).join("")
}

function rowOf(line: string): ProfileRow {
    const [, name, self, calls, all] = line.split(" ")
    return { name, self: Number(self), calls: Number(calls), with: Number(all) }
}

/** @param command the emulator's, see emulatorCommand */
export function profile(program: string, command: string[]): Record<Phase, ProfileRow[]> {
    const folder = temporaryFolder("profile")
    try {
        const file = (name: string): string => join(folder, name)
        const source = join(root, "firmware", "bench", "profile_plugin.c")
        tool("gcc", "-std=c11", "-D_GNU_SOURCE", "-O2", "-shared", "-fPIC", source, "-o", file("plugin.so"))
        writeFileSync(file("symbols"), symbols(program))
        const [qemu, ...args] = command
        tool(qemu, ...args, "-plugin", `${file("plugin.so")},symbols=${file("symbols")},out=${file("counts")}`)
        const lines = readFileSync(file("counts"), "utf8").trim().split("\n")
        const rows = (phase: Phase): ProfileRow[] => lines.filter((line) => line.startsWith(`${phase} `)).map(rowOf)
        return { handshake: rows("handshake"), record: rows("record") }
    } finally {
        rmSync(folder, { recursive: true, force: true })
    }
}
