/** Takes one input; what it throws is a find. */
export type FuzzRun = (input: Buffer) => Promise<void>

/** What is fuzzed, as test/fuzz/protocol-main.ts and data-main.ts run it. */
export interface FuzzTarget {
    /** 1 to 16; the first byte of an input chooses one */
    states: number
    /** Brings about state number `state`, 0 to states - 1. */
    prepare(state: number): FuzzRun
    /** Inputs to begin with in that state, without the byte that chooses it. */
    seeds(state: number): Buffer[]
}

/** Throws unless `holds`: a broken promise of the code under test. */
export function promise(holds: boolean, what: string): void {
    if (!holds) throw new Error("broken: " + what)
}
