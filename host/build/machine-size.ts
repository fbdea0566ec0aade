/* The machine's size on a chip, compiled for size, which is the smaller of the two ways that the ports use. */
import { spawnSync } from "node:child_process"
import { readdirSync } from "node:fs"
import { join } from "node:path"
import { root } from "../folders.js"
import { temporaryFolder } from "../temporary.js"

/** Budget for the machine's code and constants, everything included, bytes. */
export const MACHINE_BUDGET = 58000

export const MACHINE_TARGET = "RV32IMC at -Os -msave-restore"
const FLAGS = ["-march=rv32imc", "-mabi=ilp32", "--specs=picolibc.specs", "-std=c11", "-Os", "-msave-restore", "-I."]

export interface MachineSize {
    /** bytes of code and constants */
    flash: number
    /** bytes of RAM besides the arena */
    ram: number
}

/** Size of firmware/vm as one translation unit, before linking; undefined without Debian's cross compiler. */
export function machineSize(...options: string[]): MachineSize | undefined {
    const vm = join(root, "firmware", "vm")
    const units = readdirSync(vm).filter((name) => name.endsWith(".c"))
    const output = join(temporaryFolder("machine-size"), "machine.o")
    const compiler = spawnSync("riscv64-unknown-elf-gcc", [...FLAGS, ...options, "-x", "c", "-c", "-o", output, "-"], {
        cwd: vm,
        input: units.map((name) => `#include "${name}"\n`).join(""),
    })
    if (compiler.error !== undefined) return undefined
    if (compiler.status !== 0) throw new Error(`riscv64-unknown-elf-gcc failed:\n${String(compiler.stderr)}`)
    const table = String(spawnSync("riscv64-unknown-elf-size", [output]).stdout)
    const [text, data, bss] = table.split("\n")[1].trim().split(/\s+/).map(Number)
    return { flash: text + data, ram: data + bss }
}
