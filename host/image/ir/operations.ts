/* The operations of DeviceScript 2.16 bytecode: how many operands they take and what follows the opcode byte. */
import { builtinObjects, builtinStrings, operations } from "../../abi/abi.js"

export { FIRST_MULTIBYTE, FIRST_SMALL_INT, MAX_STACK, Op, SMALL_INT_ZERO } from "../../abi/abi.js"

type Known = (typeof operations)[keyof typeof operations]

/** What an operation's immediate refers to. */
export type Immediate = Known["immediate"]

/** expression: pushes a value; statement: consumes the whole operand stack; final: a statement after which control does not fall through. */
export type OperationKind = Known["kind"]

export interface Operation {
    name: string
    kind: OperationKind
    /** values taken from the operand stack */
    operands: number
    immediate: Immediate
}

const table: Record<number, Operation | undefined> = operations

/** The operation with this opcode; undefined when there is none. */
export function operation(opcode: number): Operation | undefined {
    return table[opcode]
}

/** The number of a builtin string. */
export const builtinString = (text: (typeof builtinStrings)[number]): number => builtinStrings.indexOf(text)

/** The number of a builtin object. */
export const builtinObject = (name: (typeof builtinObjects)[number]): number => builtinObjects.indexOf(name)
