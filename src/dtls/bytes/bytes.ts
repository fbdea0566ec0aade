/**
 * The only module that knows that there are two kinds of Buffer. It uses only what means the same in both: alloc, from,
 * [i], length, toString; `slice` is wrapped because it aliases in Node and copies in DeviceScript.
 */
interface DeviceBuffer {
    blitAt(dstOffset: number, src: Buffer, srcOffset: number, length: number): void
    fillAt(offset: number, length: number, value: number): void
}

interface NodeBuffer {
    copy(target: Buffer, targetStart: number, sourceStart: number, sourceEnd: number): number
}

/**
 * Mote's machine has it; the official machine does not. It is not used in Node, where small copies come out of a pool
 * that stays allocated as long as any of them does, and are slower.
 */
interface Copying {
    copyBytesFrom(source: Buffer, offset: number, length: number): Buffer
}

/** Mote's machine has it; neither Node nor the official machine does. */
interface Comparing {
    equalsAt(offset: number, part: Buffer, length: number): boolean
}

const native = (Buffer.alloc(0) as unknown as DeviceBuffer).blitAt !== undefined
const copies = native && (Buffer as unknown as Copying).copyBytesFrom !== undefined

const compares = (Buffer.alloc(0) as unknown as Comparing).equalsAt !== undefined

/** A Buffer of no bytes; shared, because nobody can write to it. */
export const EMPTY: Buffer = Buffer.alloc(0)

/** Copies `length` bytes; both ranges must lie inside their buffers (the caller has checked) and not overlap. */
export function blit(target: Buffer, at: number, source: Buffer, from: number, length: number): void {
    if (native) (target as unknown as DeviceBuffer).blitAt(at, source, from, length)
    else (source as unknown as NodeBuffer).copy(target, at, from, from + length)
}

/** A new copy of bytes [start, end); the caller has checked 0 <= start <= end <= length. */
export function copyOf(source: Buffer, start: number, end: number): Buffer {
    if (copies) return (Buffer as unknown as Copying).copyBytesFrom(source, start, end - start)
    const copy = Buffer.alloc(end - start)
    blit(copy, 0, source, start, end - start)
    return copy
}

/** Concatenates two Buffers. */
export function concat(first: Buffer, second: Buffer): Buffer {
    const whole = Buffer.alloc(first.length + second.length)
    blit(whole, 0, first, 0, first.length)
    blit(whole, first.length, second, 0, second.length)
    return whole
}

/** Concatenates a list of Buffers. */
export function join(parts: Buffer[]): Buffer {
    let length = 0
    for (const part of parts) length += part.length
    const whole = Buffer.alloc(length)
    let at = 0
    for (const part of parts) {
        blit(whole, at, part, 0, part.length)
        at += part.length
    }
    return whole
}

/** Compares in constant time: it depends only on the lengths. */
export function equal(a: Buffer, b: Buffer): boolean {
    return a.length === b.length && beginsAt(a, 0, b, b.length)
}

/**
 * Whether `whole` has the first `length` bytes of `part` at `at`; both have that many there (the caller has checked).
 * Constant time like `equal`.
 */
export function beginsAt(whole: Buffer, at: number, part: Buffer, length: number): boolean {
    if (compares) return (whole as unknown as Comparing).equalsAt(at, part, length)
    let diff = 0
    for (let i = 0; i < length; i++) diff = diff | (whole[at + i] ^ part[i])
    return diff === 0
}

/** Overwrites a secret with zeros. */
export function wipe(secret: Buffer | undefined): void {
    if (secret === undefined) return
    if (native) (secret as unknown as DeviceBuffer).fillAt(0, secret.length, 0)
    else for (let i = 0; i < secret.length; i++) secret[i] = 0
}
