/* What bench:engines measures of a program: firmware/bench/engines has the same three in C. */
import * as ds from "@devicescript/core"
import "../natives.js"

/** What programs make of all that they compute: it stays a small number in every engine. */
export function addTo(sum: number, value: number): number {
    return (sum * 31 + value) & 0xffffff
}

/** Twice, as every engine: one may prepare what it runs. */
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
