import { crc32 } from "node:zlib"

const HEADER = 16
const NUMBER_AT = 12

/**
 * A program as it lies in a slot of the board's flash (firmware/natives/program.h): magic, length, CRC-32, number.
 * @param number the higher one is newer
 */
export function programSlot(image: Uint8Array, number: number): Buffer {
    const slot = Buffer.alloc(HEADER + image.length)
    slot.write("MSL1", "latin1")
    slot.writeUInt32LE(image.length, 4)
    slot.writeUInt32LE(crc32(image), 8)
    slot.writeUInt32LE(number, NUMBER_AT)
    slot.set(image, HEADER)
    return slot
}

/** The same program with another number, which the checksum leaves out. */
export function withNumber(slot: Uint8Array, number: number): Buffer {
    const numbered = Buffer.from(slot)
    numbered.writeUInt32LE(number, NUMBER_AT)
    return numbered
}

/** Bytes of a slot that its header speaks for; 0 when there is none. */
export function slotBytes(slot: Uint8Array): number {
    const bytes = Buffer.from(slot)
    return bytes.length >= HEADER && /^MSL[013]$/.test(bytes.toString("latin1", 0, 4))
        ? HEADER + bytes.readUInt32LE(4)
        : 0
}

/** What a slot has: nothing when the program is not whole, as after flashing that was interrupted. */
export interface ProgramInSlot {
    number: number
    /** it ran through its trial: the device has marked it */
    lasted: boolean
}

export function readSlot(slot: Uint8Array): ProgramInSlot | undefined {
    const bytes = Buffer.from(slot)
    const length = slotBytes(slot)
    if (length === 0 || bytes.length < length || crc32(bytes.subarray(HEADER, length)) !== bytes.readUInt32LE(8))
        return undefined
    return { number: bytes.readUInt32LE(NUMBER_AT), lasted: bytes.toString("latin1", 3, 4) === "0" }
}
