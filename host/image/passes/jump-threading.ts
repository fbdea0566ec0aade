import { copyOf, isConstant } from "../ir/expressions.js"
import { Op } from "../ir/operations.js"
import type { Expression, ImageFunction, Statement } from "../ir/program.js"
import { constantTruth } from "./branch-simplification.js"

/*
 * Jump threading: a jump whose target is a jump, a decided condition or a short return leads to the end of that path at
 * once.
 *
 * Precondition: none. Changes: targets of jumps; a jump to a return of a constant or a variable becomes that return.
 * Sound because the skipped part of the path evaluates nothing but a condition, which has no effect and whose outcome
 * is known: from the condition of the jump itself, or from the constant that was stored just before it.
 */

/** The slot that a condition depends on, and which truth of the slot makes the condition true. */
function slotCondition(condition: Expression): { slot: number; sense: boolean } | undefined {
    if (condition.opcode === Op.loadLocal) return { slot: condition.value, sense: true }
    if (condition.opcode !== Op.not) return undefined
    const inner = slotCondition(condition.operands[0])
    return inner === undefined ? undefined : { slot: inner.slot, sense: !inner.sense }
}

/**
 * Whether a condition holds when the operand that `isVariable` accepts is a constant; undefined when the constant does
 * not decide it.
 */
function truthWith(
    condition: Expression,
    isVariable: (found: Expression) => boolean,
    constant: Expression,
): boolean | undefined {
    if (isVariable(condition)) return constantTruth(constant)
    const [operand] = condition.operands
    if (condition.opcode === Op.isUndefined && isVariable(operand)) return constant.opcode === Op.undefined
    if (condition.opcode !== Op.not) return undefined
    const inner = truthWith(operand, isVariable, constant)
    return inner === undefined ? undefined : !inner
}

/** Whether a condition holds just after a statement; undefined when the stored value does not decide it. */
function truthAfter(store: Statement, condition: Expression): boolean | undefined {
    if (store.opcode !== Op.storeRetVal && store.opcode !== Op.storeLocal) return undefined
    const isStored = ({ opcode, value }: Expression): boolean =>
        store.opcode === Op.storeRetVal ? opcode === Op.retVal : opcode === Op.loadLocal && value === store.value
    const [value] = store.operands
    return isConstant(value) ? truthWith(condition, isStored, value) : undefined
}

/**
 * When a constant is stored, and the next statement or jump target is a condition that it decides, a jump goes straight
 * to the result.
 */
export function threadConstants({ body }: ImageFunction): boolean {
    const targets = new Set(body.map(({ target }) => target))
    let changed = false
    for (let i = 0; i + 1 < body.length; i++) {
        const [store, jump] = [body[i], body[i + 1]]
        const test = jump.opcode === Op.jmp ? jump.target : jump
        if (test?.opcode !== Op.jmpZ || test.target === null || targets.has(jump)) continue
        const truth = truthAfter(store, test.operands[0])
        const next = truth === true ? body[body.indexOf(test) + 1] : test.target
        if (truth === undefined || next === jump) continue
        Object.assign(jump, { opcode: Op.jmp, operands: [], target: next })
        changed = true
    }
    return changed
}

/** Where a jump to `target` leads in the end. */
function destination(body: Statement[], from: Statement, target: Statement): Statement {
    if (target.opcode === Op.jmp && target.target !== null && target.target !== target) return target.target
    if (from.opcode !== Op.jmpZ || target.opcode !== Op.jmpZ || target.target === null) return target
    const known = slotCondition(from.operands[0])
    const asked = slotCondition(target.operands[0])
    if (known === undefined || asked?.slot !== known.slot) return target
    // The first jump is taken when its condition is false; the second has the same answer or the opposite one.
    return known.sense === asked.sense ? target.target : (body[body.indexOf(target) + 1] ?? target)
}

const THREADED = [Op.jmp, Op.jmpZ, Op.jmpRetValZ, Op.endTry]

export function threadJumps({ body }: ImageFunction): boolean {
    let changed = false
    for (const from of body) {
        if (from.target === null || !THREADED.includes(from.opcode)) continue
        const target = destination(body, from, from.target)
        if (target === from.target || target === from) continue
        from.target = target
        changed = true
    }
    return changed
}

/** A jump to a short return is that return. */
export function duplicateReturns({ body }: ImageFunction): boolean {
    let changed = false
    for (const from of body) {
        const { target } = from
        if (from.opcode !== Op.jmp || target?.opcode !== Op.return) continue
        const [value] = target.operands
        if (!isConstant(value) && value.opcode !== Op.loadLocal && value.opcode !== Op.retVal) continue
        Object.assign(from, { opcode: Op.return, operands: [copyOf(value)], target: null })
        changed = true
    }
    return changed
}

export function removeJumpsToNext({ body }: ImageFunction): boolean {
    const at = body.findIndex(({ opcode, target }, i) => opcode === Op.jmp && target !== null && target === body[i + 1])
    if (at < 0) return false
    const [gone] = body.splice(at, 1)
    for (const other of body) if (other.target === gone) other.target = gone.target
    return true
}
