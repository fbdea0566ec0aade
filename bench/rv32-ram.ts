/* Breaks down the RAM of a first connection. */
import type { BoardProgram } from "../host/build/rv32.js"
import type { Run } from "./rv32-run.js"

/** As in firmware/bench/kinds.c. */
const KINDS = [
    ...["prototypes", "objects", "fields", "arrays", "buffers"],
    ...["strings", "numbers", "functions", "fibers", "globals"],
]

/**
 * Bytes of each part: what exists before any connection, what a connection adds at its peak (`connection_…`), the
 * native heap, and the C stack.
 */
export function ramOfMote({ ram }: BoardProgram, speed: Run, client: Run): Record<string, number> {
    const parts: Record<string, number> = {
        machine: client.value("arena_fixed"),
        natives: (ram["vm"] ?? 0) + (ram["natives"] ?? 0),
        library: ram["mbedtls"] ?? 0,
    }
    for (const kind of KINDS) parts[kind] = client.value(`program_${kind}`)
    for (const kind of KINDS)
        parts[`connection_${kind}`] = client.value(`peak_${kind}`) - client.value(`before_${kind}`)
    parts["native_heap"] = client.value("heap_natives_peak")
    parts["stack"] = speed.value("stack")
    return parts
}

export function ramOfMbedtls({ ram }: BoardProgram, anchor: Run): Record<string, number> {
    return {
        library: ram["mbedtls"] ?? 0,
        settings: anchor.value("heap_shared") + anchor.value("config"),
        context: anchor.value("context"),
        native_heap: anchor.value("heap_natives_peak"),
        stack: anchor.value("stack"),
    }
}

export function totalOf(parts: Record<string, number>): number {
    return Object.values(parts).reduce((total, bytes) => total + bytes, 0)
}
