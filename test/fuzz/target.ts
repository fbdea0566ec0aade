/** Processes one input; an exception is a finding. */
export type FuzzRun = (input: Buffer) => Promise<void>

/** A fuzz target, run by test/fuzz/protocol-main.ts or data-main.ts. */
export interface FuzzTarget {
    /** number of states, 1 to 16; the first byte of an input selects one */
    states: number
    /** Brings the target into state `state`, 0 to states - 1. */
    prepare(state: number): FuzzRun
    /** Seed inputs for that state, without the byte that selects it. */
    seeds(state: number): Buffer[]
}

/** Throws unless `holds`: an assertion about the code under test. */
export function promise(holds: boolean, what: string): void {
    if (!holds) throw new Error("broken: " + what)
}
