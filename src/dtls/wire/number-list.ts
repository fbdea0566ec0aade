import { Reader } from "../bytes/reader.js"
import { Writer } from "../bytes/writer.js"

/**
 * A list of integers of `width` bytes, 1 or 2, preceded by its length in `lengthWidth` bytes. Undefined if malformed or
 * empty.
 */
export function readNumbers(reader: Reader, lengthWidth: number, width: number): number[] | undefined {
    const list = reader.sub(lengthWidth)
    const numbers: number[] = []
    while (list.remaining() >= width) numbers.push(list.uint(width))
    return reader.failed || !list.done() || numbers.length === 0 ? undefined : numbers
}

export function writeNumbers(writer: Writer, numbers: number[], lengthWidth: number, width: number): void {
    writer.uint(numbers.length * width, lengthWidth)
    for (const number of numbers) writer.uint(number, width)
}

/** extension_data that consists of such a list. */
export function readNumberList(data: Buffer, lengthWidth: number, width: number): number[] | undefined {
    const reader = new Reader(data, 0, data.length)
    const numbers = readNumbers(reader, lengthWidth, width)
    return reader.done() ? numbers : undefined
}

export function writeNumberList(numbers: number[], lengthWidth: number, width: number): Buffer {
    const writer = new Writer(lengthWidth + numbers.length * width)
    writeNumbers(writer, numbers, lengthWidth, width)
    return writer.finish()
}
