import type { Computed, TypeSidecar } from "../type-sidecar.js"

/* The program model: functions as lists of statements, each with its tree of expressions. */

/** The compiler's information about a function. */
export const FunctionFlag = { needsThis: 1, constructor: 2, restArgument: 4 }

/** An inlined function. The call site is in the function that it was inlined into. */
export interface Inlined {
    name: string
    call: Origin
}

/** Where an operation comes from. */
export interface Origin {
    /** where its opcode stood in the compiler's image, bytes from the image's start */
    at: number
    /** the function it was in, when that was inlined */
    inlined?: Inlined
}

export interface Expression {
    opcode: number
    /** immediate; 0 when the operation has none. Small integers are the operation `literal`. */
    value: number
    operands: Expression[]
    origin: Origin
}

export interface Statement extends Expression {
    /** where a jump leads */
    target: Statement | null
}

export interface ImageFunction {
    /** StrIdx: kind in bits 14 and 15, index below */
    name: number
    slots: number
    arguments: number
    flags: number
    tries: number
    /** slots that closures share with the function */
    captured: ReadonlySet<number>
    body: Statement[]
    /** offset and size in the compiler's image, bytes */
    start: number
    size: number
}

export interface ImageProgram {
    version: number
    globals: number
    specCount: number
    functions: ImageFunction[]
    /** stores methods on prototypes before anything else runs; null when there is none */
    setup: ImageFunction | null
    /** eight bytes each */
    floats: Buffer[]
    /** texts without their final NUL */
    ascii: Buffer[]
    /** whole entries: sizes, jump table, text */
    utf8: Buffer[]
    buffers: Buffer[]
    specs: Buffer
    configuration: Buffer
    /** what the image does not say about its types */
    types: TypeSidecar
    /** whose names are computed, as the header notes it; undefined: it does not */
    computed: Computed | undefined
}

/** Kinds of strings in a StrIdx. */
export const StringKind = { buffer: 0, builtin: 1, ascii: 2, utf8: 3 }

export function stringIndex(kind: number, index: number): number {
    return (kind << 14) | index
}

/** Visits an expression and all its operands, in post-order. */
export function walk(expression: Expression, visit: (expression: Expression) => void): void {
    for (const operand of expression.operands) walk(operand, visit)
    visit(expression)
}

/** Every expression and statement of a program. */
export function walkProgram(program: ImageProgram, visit: (expression: Expression) => void): void {
    for (const { body } of program.functions) for (const statement of body) walk(statement, visit)
}
