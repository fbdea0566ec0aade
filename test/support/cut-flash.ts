import { type Storage } from "../../src/platform/services.js"
import { type ProgramSlots } from "../../src/update/program-slots.js"

const ERASED = 0xff

/** Thrown when the power is cut: nothing on the device continues. */
export class PowerCut extends Error {}

/**
 * Simulated program slots and storage in flash whose power can be cut: at the write with a given number only the first
 * half is written, and everything fails until `restart`. Erasing counts as one step for each sector.
 */
export class CutFlash implements ProgramSlots, Storage {
    /** number of writes and erasures so far */
    steps = 0
    /** step at which the power is cut; 0: never */
    cutAt = 0
    runningNumber = 5
    otherNumber = 3
    onTrial = false
    /** the inactive slot: header, and image */
    header = Buffer.from("an older program")
    image: Buffer
    private blobs = new Map<string, Buffer>([["other", Buffer.from("kept")]])
    private off = false

    constructor(private slotBytes = 8192) {
        this.image = Buffer.alloc(slotBytes, 7)
    }

    /** Restarts the device: a complete program with a newer number runs. */
    restart(): void {
        this.off = false
        this.cutAt = 0
        if (this.otherNumber <= this.runningNumber) return
        this.runningNumber = this.otherNumber
        this.otherNumber = 0
        this.onTrial = true
    }

    /** @returns how many bytes of a write are done */
    private step(length: number): number {
        this.checkPower()
        this.steps++
        if (this.steps !== this.cutAt) return length
        this.off = true
        return length >> 1
    }

    private checkPower(): void {
        if (this.off) throw new PowerCut()
    }

    private program(target: Buffer, at: number, bytes: Buffer): void {
        const length = this.step(bytes.length)
        for (let i = 0; i < length; i++) target[at + i] &= bytes[i]
        this.checkPower()
    }

    running(): number {
        return this.runningNumber
    }

    other(): number {
        return this.otherNumber
    }

    isOnTrial(): boolean {
        return this.onTrial
    }

    confirm(): void {
        this.onTrial = false
    }

    room(): number {
        return this.slotBytes
    }

    async erase(): Promise<void> {
        this.otherNumber = 0
        this.step(0)
        this.header.fill(ERASED)
        this.checkPower()
        for (let at = 0; at < this.slotBytes; at += 4096) {
            this.step(0)
            this.image.fill(ERASED, at, at + 4096)
            this.checkPower()
        }
        return Promise.resolve()
    }

    written(): number {
        this.checkPower()
        if (this.header.some((byte) => byte !== ERASED)) return -1
        let end = this.slotBytes
        while (end > 0 && this.image[end - 1] === ERASED) end--
        return end
    }

    async write(offset: number, bytes: Buffer): Promise<void> {
        this.program(this.image, offset, bytes)
        return Promise.resolve()
    }

    read(offset: number, target: Buffer): void {
        this.checkPower()
        target.set(this.image.subarray(offset, offset + target.length))
    }

    async finish(_length: number, number: number): Promise<void> {
        this.program(this.header, 4, Buffer.alloc(12, number))
        this.program(this.header, 0, Buffer.from("MSL3"))
        this.otherNumber = number
        return Promise.resolve()
    }

    load(name: string): Promise<Buffer | undefined> {
        this.checkPower()
        return Promise.resolve(this.blobs.get(name))
    }

    /** Saves completely or not at all. */
    async save(name: string, value: Buffer): Promise<void> {
        this.step(0)
        this.checkPower()
        this.blobs.set(name, Buffer.from(value))
        return Promise.resolve()
    }

    async remove(name: string): Promise<void> {
        this.step(0)
        this.checkPower()
        this.blobs.delete(name)
        return Promise.resolve()
    }

    /** Names of the stored blobs. */
    saved(): string[] {
        return [...this.blobs.keys()]
    }
}
