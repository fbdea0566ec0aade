/*
 * Types of values as the inference knows them: sets of kinds, one bit each. A type says what a value may be at most; no
 * bit at all is a value that is never computed.
 */

export type Type = bigint

export const NOTHING: Type = 0n
/** Whatever there is. */
export const ANY: Type = 1n
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
const FIRST_INDEX = 8

/** Objects of the class with this constructor, but not those of the classes that extend it. */
export function classType(constructor: number): Type {
    return 1n << BigInt(FIRST_INDEX + 2 * constructor)
}

/** This function, as a value. */
export function functionType(index: number): Type {
    return 1n << BigInt(FIRST_INDEX + 2 * index + 1)
}

/** Every kind of a type by itself. */
export function kindsOf(type: Type): Type[] {
    // Few of some thousand bits are set: searching a text for them takes a fraction of shifting the number bit by bit.
    const bits = type.toString(2)
    const kinds: Type[] = []
    for (let end = bits.length; end > 0;) {
        const at = bits.lastIndexOf("1", end - 1)
        if (at >= 0) kinds.push(1n << BigInt(bits.length - 1 - at))
        end = at
    }
    return kinds
}

/** The constructor of a kind of objects; undefined when it is none of a class. */
export function constructorOf(kind: Type): number | undefined {
    const bit = kind.toString(2).length - 1 - FIRST_INDEX
    return bit < 0 || bit % 2 === 1 ? undefined : bit / 2
}

/** The functions of the program among the values of a type. */
export function functionsOf(type: Type): number[] {
    return kindsOf(type)
        .map((kind) => kind.toString(2).length - 1 - FIRST_INDEX)
        .filter((bit) => bit >= 0 && bit % 2 === 1)
        .map((bit) => (bit - 1) / 2)
}

export function mayBe(type: Type, kinds: Type): boolean {
    return (type & (kinds | ANY)) !== NOTHING
}
