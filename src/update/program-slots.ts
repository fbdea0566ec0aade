/**
 * The two slots for programs: one program runs, and another one can be written into the other slot. Each program gets a higher number than
 * the one before. Failures throw GError.
 */
export interface ProgramSlots {
    /** number of the running program; 0: it is in no slot */
    running(): number
    /** number of a complete program in the other slot; 0: there is none */
    other(): number
    /** whether the running program is on trial and can still be rolled back */
    isOnTrial(): boolean
    /** Confirms that the running program works, so that it is kept. */
    confirm(): void
    /** largest image, bytes; 0: programs cannot be updated on this device */
    room(): number
    /** Erases the other slot for an image of this length. */
    erase(length: number): Promise<void>
    /** number of bytes of the image up to the last one that is not erased; -1: the slot contains no image in progress */
    written(): number
    /** Writes a part of the image. It is allowed to write the same bytes to the same place again. */
    write(offset: number, bytes: Buffer): Promise<void>
    /** Fills `target` with the bytes of the image from `offset` on. */
    read(offset: number, target: Buffer): void
    /** Marks the image as complete, so that the next start tries it. */
    finish(length: number, number: number): Promise<void>
}
