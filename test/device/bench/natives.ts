/** The natives of firmware/bench/mote.c. */
import "@devicescript/core"

declare module "@devicescript/core" {
    /** From now on, instructions are counted for `account` (Turn in end.ts). */
    function _benchTurn(account: number): void
    /** Restarts the random streams of both sides. */
    function _benchSeed(): void
    /** Prints a figure. */
    function _benchReport(name: string, value: number): void
    /** Prints a datagram. */
    function _benchDatagram(datagram: Buffer): void
    /** Bytes in use in the arena. */
    function _benchAlive(): number
    /** Resets the peaks. */
    function _benchReset(): void
    /** Prints a datagram. */
    function _benchDatagram(datagram: Buffer): void
    /** The most bytes in use in the arena since the reset. */
    function _benchPeak(): number
    /** Prints the bytes of each kind of block, as `NAME_KIND`. */
    function _benchKinds(name: string): void
    /** Bytes of the native heap: now, or the most since the reset. */
    function _benchHeap(peak: boolean): number
    /** Instructions that the emulated core has executed. */
    function _benchInstructions(): number
}
