/*
 * Types of values in type inference: sets of kinds, one bit each. A type lists everything a value may be; the empty
 * type is that of a value that is never computed.
 */

export type Type = bigint

/** The number of a kind's bit. */
export type Kind = number

/** Kinds that the code refers to by name. */
export const Kind = { any: 0, number: 1, constant: 3, map: 6 }

export const NOTHING: Type = 0n
/** A value of which nothing is known, unless the type says that it may be a function or the machine's. */
export const UNKNOWN: Type = 1n
export const NUMBER: Type = 2n
export const TEXT: Type = 4n
/** undefined, null, true, false */
export const CONSTANT: Type = 8n
export const ARRAY: Type = 16n
export const BUFFER: Type = 32n
/** Objects without a class. */
export const MAP: Type = 64n
/** Bound functions, fibers and the machine's own objects. */
export const BUILTIN: Type = 128n
/** Any value. */
export const ANY: Type = UNKNOWN | BUILTIN
const FIRST_INDEX = 8

/** Objects of the class with this constructor, but not those of the classes that extend it. */
export function classType(constructor: number): Type {
    return 1n << BigInt(FIRST_INDEX + 2 * constructor)
}

/** This function, as a value. */
export function functionType(index: number): Type {
    return 1n << BigInt(FIRST_INDEX + 2 * index + 1)
}

/** The kinds that a type has. */
export function kindsOf(type: Type): Kind[] {
    // Only a few of some thousand bits are set: searching the digits takes a fraction of the time of shifting the
    // number bit by bit.
    const digits = type.toString(16)
    const kinds: Kind[] = []
    for (let i = digits.length - 1, first = 0; i >= 0; i--, first += 4)
        if (digits[i] !== "0") kinds.push(...BITS[digits[i]].map((bit) => first + bit))
    return kinds
}

/** The bits of each hexadecimal digit. */
const BITS = Object.fromEntries(
    Array.from({ length: 16 }, (_, digit) => [
        digit.toString(16),
        [0, 1, 2, 3].filter((bit) => (digit >> bit) % 2 === 1),
    ]),
)

/** The constructor of a kind of objects; undefined for kinds that are not classes. */
export function constructorOf(kind: Kind): number | undefined {
    const index = kind - FIRST_INDEX
    return index < 0 || index % 2 === 1 ? undefined : index / 2
}

/** The functions of the program among the values of a type. */
export function functionsOf(type: Type): number[] {
    return kindsOf(type).flatMap((kind) => (kind > FIRST_INDEX && kind % 2 === 1 ? [(kind - FIRST_INDEX - 1) / 2] : []))
}

export function mayBe(type: Type, kinds: Type): boolean {
    return (type & (kinds | UNKNOWN)) !== NOTHING
}
