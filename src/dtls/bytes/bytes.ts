/**
 * The only module that knows that two Buffers exist. It uses nothing but what both have with one meaning:
 * alloc, from, [i], length, toString; `slice` is wrapped because it aliases in Node and copies in DeviceScript.
 */
interface DeviceBuffer {
    blitAt(dstOffset: number, src: Buffer, srcOffset: number, length: number): void
    fillAt(offset: number, length: number, value: number): void
}

interface NodeBuffer {
    copy(target: Buffer, targetStart: number, sourceStart: number, sourceEnd: number): number
}

/**
 * Mote's machine has it; the official machine does without. Node's takes small copies out of a pool, all of which stays as long as
 * one of them does, and is slower.
 */
interface Copying {
    copyBytesFrom(source: Buffer, offset: number, length: number): Buffer
}

const native = (Buffer.alloc(0) as unknown as DeviceBuffer).blitAt !== undefined
const copies = native && (Buffer as unknown as Copying).copyBytesFrom !== undefined

/** A Buffer of no bytes; nobody can write to it, so one serves all. */
export const EMPTY: Buffer = Buffer.alloc(0)

/** Copies `length` bytes; both ranges lie inside their buffers (the caller has checked) and do not overlap. */
export function blit(target: Buffer, at: number, source: Buffer, from: number, length: number): void {
    if (native) (target as unknown as DeviceBuffer).blitAt(at, source, from, length)
    else (source as unknown as NodeBuffer).copy(target, at, from, from + length)
}

/** A fresh copy of bytes [start, end); the caller has checked 0 <= start <= end <= length. */
export function copyOf(source: Buffer, start: number, end: number): Buffer {
    if (copies) return (Buffer as unknown as Copying).copyBytesFrom(source, start, end - start)
    const copy = Buffer.alloc(end - start)
    blit(copy, 0, source, start, end - start)
    return copy
}

/** One Buffer with the bytes of all `parts`, in order. */
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

/** Compares in time that depends on the lengths only. */
export function equal(a: Buffer, b: Buffer): boolean {
    return a.length === b.length && beginsAt(a, 0, b, b.length)
}

/** Whether the first `length` bytes of `part` stand at `at` of `whole`, which has as many there; in time as `equal`. */
export function beginsAt(whole: Buffer, at: number, part: Buffer, length: number): boolean {
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
