import { expression, isCaptured } from "../ir/expressions.js"
import { Op } from "../ir/operations.js"
import { type Expression, type ImageFunction, type ImageProgram, type Statement, walk } from "../ir/program.js"

/*
 * Captured variables are memory. Before any other pass, the accesses of a function to those of its own slots that
 * closures share become `loadClosure` and `storeClosure` of level 0; afterwards they become slots again.
 *
 * Precondition: the program is as the compiler wrote it, each closure made in one function.
 * Changes: opcodes of accesses to captured slots, and `captured` of every function; images never contain level 0.
 * Sound because closures change a captured slot only where a pass expects memory to change: at calls. All other slots belong
 * to the function alone, so that passes treat them like those of a function without closures. A captured parameter
 * that nothing stores to keeps its plain loads: its value never changes.
 */

const OWN_LEVEL = 0

/** Marks the captured slots of every function, and makes accesses to them accesses to memory. */
export function lowerCapturedVariables(program: ImageProgram): void {
    const { captured, stored } = findCaptured(program)
    for (const entry of program.functions) {
        entry.captured = captured.get(entry) ?? new Set()
        const isMemory = ({ value }: Expression): boolean =>
            entry.captured.has(value) && (value >= entry.arguments || stored.get(entry)?.has(value) === true)
        for (const each of entry.body)
            walk(each, (access) => {
                if (!isMemory(access)) return
                const { opcode, origin, operands } = access
                const level = expression(Op.literal, OWN_LEVEL, [], origin)
                if (opcode === Op.loadLocal) Object.assign(access, { opcode: Op.loadClosure, operands: [level] })
                if (opcode === Op.storeLocal)
                    Object.assign(access, { opcode: Op.storeClosure, operands: [level, ...operands] })
            })
    }
}

/** Undoes `lowerCapturedVariables`. */
export function raiseCapturedVariables(program: ImageProgram): void {
    for (const entry of program.functions)
        for (const each of entry.body)
            walk(each, (access) => {
                const { opcode, operands } = access
                if (!isClosureAccess(access) || levelOf(access) !== OWN_LEVEL) return
                if (opcode === Op.loadClosure) Object.assign(access, { opcode: Op.loadLocal, operands: [] })
                else Object.assign(access, { opcode: Op.storeLocal, operands: operands.slice(1) })
            })
}

function isClosureAccess({ opcode }: Expression): boolean {
    return opcode === Op.loadClosure || opcode === Op.storeClosure
}

/** How many functions out the variable of a closure access is; undefined when the image computes that at run time. */
function levelOf({ operands: [level] }: Expression): number | undefined {
    return level.opcode === Op.literal ? level.value : undefined
}

type Slots = Map<ImageFunction, Set<number>>

interface Captured {
    captured: Slots
    /** captured slots that the function or a closure stores to */
    stored: Slots
}

function findCaptured(program: ImageProgram): Captured {
    const found: Captured = { captured: new Map(), stored: new Map() }
    const creators = findCreators(program)
    for (const entry of program.functions) {
        const visit = (access: Expression): void => {
            const { opcode, value } = access
            if (opcode === Op.storeLocal) add(found.stored, entry, value)
            if (!isClosureAccess(access)) return
            const owner = ownerOf(creators, entry, levelOf(access))
            const owners = owner === undefined ? program.functions.filter(isCaptured) : [owner]
            for (const each of owners) {
                add(found.captured, each, value)
                if (opcode === Op.storeClosure) add(found.stored, each, value)
            }
        }
        for (const each of entry.body) walk(each, visit)
    }
    return found
}

function add(slots: Slots, entry: ImageFunction, slot: number): void {
    slots.set(entry, (slots.get(entry) ?? new Set()).add(slot))
}

/** The function that makes each closure; null when there are several. */
function findCreators({ functions }: ImageProgram): Map<ImageFunction, ImageFunction | null> {
    const creators = new Map<ImageFunction, ImageFunction | null>()
    const note = (each: Statement, creator: ImageFunction): void =>
        walk(each, ({ opcode, value }) => {
            if (opcode !== Op.makeClosure) return
            const closure = functions[value]
            const known = creators.get(closure)
            creators.set(closure, known === undefined || known === creator ? creator : null)
        })
    for (const creator of functions) for (const each of creator.body) note(each, creator)
    return creators
}

function ownerOf(
    creators: Map<ImageFunction, ImageFunction | null>,
    closure: ImageFunction,
    level: number | undefined,
): ImageFunction | undefined {
    if (level === undefined) return undefined
    let owner: ImageFunction | null | undefined = closure
    for (let i = 0; i < level && owner; i++) owner = creators.get(owner)
    return owner ?? undefined
}
