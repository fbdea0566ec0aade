import { crc32 } from "node:zlib"

const HEADER = 16

/**
 * A program as it lies in a slot of the board's flash (firmware/natives/program.h): magic, length, CRC-32, number.
 * @param number the higher one is newer
 */
export function programSlot(image: Uint8Array, number: number): Buffer {
    const slot = Buffer.alloc(HEADER + image.length)
    slot.write("MSL1", "latin1")
    slot.writeUInt32LE(image.length, 4)
    slot.writeUInt32LE(crc32(image), 8)
    slot.writeUInt32LE(number, 12)
    slot.set(image, HEADER)
    return slot
}
