/* Small C programs of the emulated board, without the machine and the network. */
import { spawnSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { COMPILER, sizeByPart, TARGET } from "../../host/build/rv32.js"
import { root } from "../../host/folders.js"
import { temporaryFolder } from "../../host/temporary.js"

const port = join(root, "firmware", "port", "rv32-virt")
/** Of board.h, and of what it includes. */
const INCLUDE = [port, join(root, "firmware", "natives")].map((folder) => `-I${folder}`)
const BASE = ["start.S", "board.c", "memory.c"].map((name) => join(port, name))

/** A C file, and what its size belongs to. */
export interface Source {
    path: string
    part: string
    flags?: string[]
}

function run(args: string[]): void {
    const { status, stderr, error } = spawnSync(COMPILER, [...TARGET, ...args], { encoding: "utf8" })
    if (status !== 0) throw new Error(`gcc failed: ${error?.message ?? stderr}`)
}

/** @returns the linked program, and bytes of flash by part, "libc" among them */
export function linkSmall(sources: Source[]): { path: string; flash: Record<string, number> } {
    const folder = temporaryFolder("engine")
    const all = [...sources, ...BASE.map((path): Source => ({ path, part: "port" }))]
    const objects = new Map(
        all.map(({ path, part, flags }, index) => {
            const object = join(folder, `${index}.o`)
            run([...INCLUDE, ...(flags ?? []), "-c", path, "-o", object])
            return [object, part]
        }),
    )
    const path = join(folder, "program.elf")
    const layout = ["--oslib=semihost", "-nostartfiles", `-T${join(port, "link.ld")}`, "-Wl,--gc-sections"]
    run([...layout, `-Wl,-Map=${path}.map`, ...objects.keys(), "-lm", "-o", path])
    return { path, flash: sizeByPart(readFileSync(`${path}.map`, "utf8"), objects) }
}
