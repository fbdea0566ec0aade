/** The natives of firmware/fuzz/program/harness.c. */
import "@devicescript/core"

declare module "@devicescript/core" {
    /**
     * Call it when the state is reached, or an input is processed: suspends until the next input.
     * @param states number of states of the target, 1 to 16; the setting `state` selects the one to prepare
     */
    function _fuzzNext(states: number): Buffer
    /** Records data that must be the same in translated and in interpreted code. */
    function _fuzzNote(what: Buffer | string): void
    /** Adds a seed input; its first byte selects the state. */
    function _fuzzSeed(input: Buffer): void
}
