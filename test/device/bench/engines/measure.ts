/* Measures a program for bench:engines. The same three programs in C are in firmware/bench/engines. */
import * as ds from "@devicescript/core"
import "../natives.js"

/** Checksum of a program's results, which stays a small integer in every engine. */
export function addTo(sum: number, value: number): number {
    return (sum * 31 + value) & 0xffffff
}

/** Runs the program twice, in every engine, because an engine may compile functions on the first run. */
export function measure(program: () => number): void {
    for (let i = 0; i < 2; i++) {
        const start = ds._benchInstructions()
        const checksum = program()
        const end = ds._benchInstructions()
        console.log("checksum: " + checksum)
        console.log("instructions: " + (end - start))
    }
    ds.restart()
}
