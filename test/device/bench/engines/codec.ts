/* A codec: writes readings in CBOR (RFC 8949) and reads them again. */
import { addTo, measure } from "./measure.js"

const ROUNDS = 20
const READINGS = 8
const ROOM = 256

enum Major {
    unsigned = 0,
    negative = 1,
    bytes = 2,
    array = 4,
}

class Writer {
    length = 0

    constructor(readonly buffer: Buffer) {}

    byte(value: number): void {
        this.buffer[this.length] = value
        this.length++
    }

    head(type: Major, value: number): void {
        if (value < 24) this.byte((type << 5) | value)
        else if (value < 256) {
            this.byte((type << 5) | 24)
            this.byte(value)
        } else if (value < 65536) {
            this.byte((type << 5) | 25)
            this.byte(value >> 8)
            this.byte(value & 255)
        } else {
            this.byte((type << 5) | 26)
            for (let shift = 24; shift >= 0; shift -= 8) this.byte((value >> shift) & 255)
        }
    }

    integer(value: number): void {
        if (value < 0) this.head(Major.negative, -1 - value)
        else this.head(Major.unsigned, value)
    }

    readings(round: number): void {
        this.length = 0
        this.head(Major.array, READINGS)
        for (let i = 0; i < READINGS; i++) {
            this.head(Major.array, 3)
            this.integer(i * 40 + round)
            this.integer(((i * 7919 + round * 104729) & 0x3ffff) - 0x20000)
            this.head(Major.bytes, i)
            for (let k = 0; k < i; k++) this.byte((k * 17 + round) & 255)
        }
    }
}

class Reader {
    place = 0
    major = 0
    argument = 0

    constructor(readonly buffer: Buffer) {}

    byte(): number {
        const value = this.buffer[this.place]
        this.place++
        return value
    }

    head(): void {
        const first = this.byte()
        this.major = first >> 5
        this.argument = first & 31
        if (this.argument < 24) return
        const count = 1 << (this.argument - 24)
        this.argument = 0
        for (let i = 0; i < count; i++) this.argument = (this.argument << 8) | this.byte()
    }

    item(before: number): number {
        this.head()
        if (this.major === Major.unsigned) return addTo(before, this.argument)
        if (this.major === Major.negative) return addTo(before, -1 - this.argument)
        return this.major === Major.bytes ? this.bytes(before) : this.items(before)
    }

    bytes(before: number): number {
        let sum = before
        const end = this.place + this.argument
        while (this.place < end) sum = addTo(sum, this.byte())
        return sum
    }

    items(before: number): number {
        let sum = before
        const count = this.argument
        for (let i = 0; i < count; i++) sum = this.item(sum)
        return sum
    }
}

function codec(): number {
    const buffer = Buffer.alloc(ROOM)
    const writer = new Writer(buffer)
    const reader = new Reader(buffer)
    let sum = 0
    for (let round = 0; round < ROUNDS; round++) {
        writer.readings(round)
        reader.place = 0
        sum = addTo(reader.item(sum), writer.length)
    }
    return sum
}

measure(codec)
