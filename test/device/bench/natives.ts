/** The natives of firmware/bench/mote.c. */
import "@devicescript/core"

declare module "@devicescript/core" {
    /** From here on instructions belong to `account` (Turn of link.ts). */
    function _benchTurn(account: number): void
    /** The random streams of both sides begin anew. */
    function _benchSeed(): void
    /** Prints a figure. */
    function _benchReport(name: string, value: number): void
    /** Prints a datagram. */
    function _benchDatagram(datagram: Buffer): void
    /** Bytes alive in the arena. */
    function _benchAlive(): number
    /** Peaks begin anew. */
    function _benchReset(): void
    /** Prints a datagram. */
    function _benchDatagram(datagram: Buffer): void
    /** Bytes alive in the arena at most, since the reset. */
    function _benchPeak(): number
    /** Prints them by kind of block, each as `NAME_KIND`. */
    function _benchKinds(name: string): void
    /** Bytes of the native heap, now or at most. */
    function _benchHeap(peak: boolean): number
    /** Instructions of the emulated core so far. */
    function _benchInstructions(): number
}
