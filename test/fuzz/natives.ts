/** The natives of firmware/fuzz/program/harness.c. */
import "@devicescript/core"

declare module "@devicescript/core" {
    /**
     * The state is reached, or the input has been taken: suspends until the next input comes.
     * @param states how many states the target has, 1 to 16; the setting `state` says which one is to be prepared
     */
    function _fuzzNext(states: number): Buffer
    /** Something that has to be the same in translated and in interpreted code. */
    function _fuzzNote(what: Buffer | string): void
    /** An input to begin with; its first byte chooses the state. */
    function _fuzzSeed(input: Buffer): void
}
