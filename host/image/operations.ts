/* The operations of DeviceScript 2.16 bytecode: how many operands they take and what follows the opcode byte. */

/** What the number behind an opcode refers to. */
export type Immediate =
    | "none"
    | "jump"
    | "local"
    | "global"
    | "function"
    | "builtinString"
    | "ascii"
    | "utf8"
    | "buffer"
    | "float"
    | "builtinObject"
    | "spec"
    | "int"
    | "slot"

/** expression: pushes a value; statement: consumes the whole operand stack; final: and nothing runs on behind it. */
export type OperationKind = "expression" | "statement" | "final"

export interface Operation {
    name: string
    kind: OperationKind
    /** values taken from the operand stack */
    operands: number
    immediate: Immediate
}

const table: (Operation | undefined)[] = []

function define<Codes extends Record<string, number>>(
    kind: OperationKind,
    immediate: Immediate,
    operands: number,
    codes: Codes,
): Codes {
    for (const [name, code] of Object.entries(codes)) table[code] = { name, kind, operands, immediate }
    return codes
}

/** Opcodes by name. */
export const Op = {
    ...define("expression", "none", 0, { inf: 20, retVal: 44, undefined: 46, true: 48, false: 49, nan: 51, null: 90 }),
    ...define("expression", "none", 1, {
        uplus: 23,
        typeof: 45,
        isUndefined: 47,
        toBool: 50,
        abs: 52,
        bitNot: 53,
        isNan: 54,
        neg: 55,
        not: 56,
        toInt: 57,
        isNullish: 72,
        typeofStr: 76,
        new: 88,
    }),
    ...define("expression", "none", 2, {
        bind: 15,
        index: 24,
        add: 58,
        sub: 59,
        mul: 60,
        div: 61,
        bitAnd: 62,
        bitOr: 63,
        bitXor: 64,
        shiftLeft: 65,
        shiftRight: 66,
        shiftRightUnsigned: 67,
        eq: 68,
        le: 69,
        lt: 70,
        ne: 71,
        instanceOf: 89,
        approxEq: 91,
        approxNe: 92,
    }),
    ...define("expression", "none", 3, { loadBuffer: 43 }),
    ...define("expression", "builtinObject", 0, { builtinObject: 1 }),
    ...define("expression", "builtinString", 0, {
        objectField: 16,
        mathField: 29,
        dsField: 30,
        staticBuiltinString: 36,
    }),
    ...define("expression", "builtinString", 1, { builtinField: 26 }),
    ...define("expression", "ascii", 0, { staticAsciiString: 37 }),
    ...define("expression", "ascii", 1, { asciiField: 27 }),
    ...define("expression", "utf8", 0, { staticUtf8String: 38 }),
    ...define("expression", "utf8", 1, { utf8Field: 28 }),
    ...define("expression", "local", 0, { loadLocal: 21 }),
    ...define("expression", "global", 0, { loadGlobal: 22 }),
    ...define("expression", "slot", 1, { loadClosure: 74 }),
    ...define("expression", "function", 0, { staticFunction: 39, makeClosure: 75 }),
    ...define("expression", "spec", 0, { staticSpecProto: 34, staticSpec: 94 }),
    ...define("expression", "buffer", 0, { staticBuffer: 35 }),
    ...define("expression", "int", 0, { literal: 40 }),
    ...define("expression", "float", 0, { literalF64: 41 }),
    ...define("statement", "none", 0, { allocMap: 31, catch: 82, finally: 83, debugger: 87 }),
    ...define("statement", "none", 1, { call0: 2, allocArray: 32, allocBuffer: 33, storeRetVal: 93 }),
    ...define("statement", "none", 2, { call1: 3, indexDelete: 11, callArray: 79 }),
    ...define("statement", "none", 3, { call2: 4, indexSet: 25 }),
    ...define("statement", "none", 4, { call3: 5, storeBuffer: 19 }),
    ...define("statement", "local", 1, { storeLocal: 17 }),
    ...define("statement", "global", 1, { storeGlobal: 18 }),
    ...define("statement", "slot", 2, { storeClosure: 73 }),
    ...define("statement", "jump", 0, { jmpRetValZ: 78, try: 80 }),
    ...define("statement", "jump", 1, { jmpZ: 14 }),
    ...define("final", "none", 1, { return: 12, throw: 84, reThrow: 85 }),
    ...define("final", "jump", 0, { jmp: 13, endTry: 81 }),
    ...define("final", "jump", 1, { throwJmp: 86 }),
    ...define("statement", "none", 5, { call4: 6 }),
    ...define("statement", "none", 6, { call5: 7 }),
    ...define("statement", "none", 7, { call6: 8 }),
    ...define("statement", "none", 8, { call7: 9 }),
    ...define("statement", "none", 9, { call8: 10 }),
}

/** The operation with this opcode; undefined when there is none. */
export function operation(opcode: number): Operation | undefined {
    return table[opcode]
}

/** Opcodes from here on push a small integer themselves: the byte less SMALL_INT_ZERO. */
export const FIRST_SMALL_INT = 128
export const SMALL_INT_ZERO = 144

/** Immediates from here on say how many bytes follow. */
export const FIRST_MULTIBYTE = 248

/** Operands that may wait at once. */
export const MAX_STACK = 16
