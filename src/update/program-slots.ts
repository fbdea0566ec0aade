/**
 * The two slots that programs lie in: one runs, another program can be written into the other one. Numbers rise from
 * program to program. What fails throws GError.
 */
export interface ProgramSlots {
    /** number of the program that runs; 0: it lies in no slot */
    running(): number
    /** number of a whole program in the other slot; 0: there is none */
    other(): number
    /** whether the program that runs may still be taken back */
    isOnTrial(): boolean
    /** The program that runs does its work: it stays. */
    confirm(): void
    /** bytes that an image may have; 0: programs cannot be updated here */
    room(): number
    /** Makes room for an image. */
    erase(length: number): Promise<void>
    /** bytes of the image up to the last one that is not erased; -1: what is in the slot is no image under way */
    written(): number
    /** Writes a part of the image. The same bytes may be written to the same place again. */
    write(offset: number, bytes: Buffer): Promise<void>
    /** Fills `target` with what the image has there. */
    read(offset: number, target: Buffer): void
    /** The image is whole: the next start tries it. */
    finish(length: number, number: number): Promise<void>
}
