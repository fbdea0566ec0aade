import { expression, isBoolean } from "../ir/expressions.js"
import { Op } from "../ir/operations.js"
import type { Expression, ImageFunction } from "../ir/program.js"

/*
 * Branch simplification: conditions get shorter, those with a known outcome go, and branches on two constants become values.
 *
 * Precondition: none.
 * Changes: conditions of jumps, operands that are Boolean operations; replaces and removes jumps.
 * Sound because a condition asks for truth alone, so `!!x` is `x` there, and a value is replaced by an equal one only.
 */

export function constantTruth(condition: Expression): boolean | undefined {
    if (condition.opcode === Op.true) return true
    if (condition.opcode === Op.false || condition.opcode === Op.undefined || condition.opcode === Op.null) return false
    return condition.opcode === Op.literal ? condition.value !== 0 : undefined
}

/** An expression of the same truth with fewer operations. */
function simplifiedCondition(condition: Expression): Expression {
    const [operand] = condition.operands
    if (condition.opcode === Op.toBool) return simplifiedCondition(operand)
    if (condition.opcode !== Op.not) return condition
    const inner = simplifiedCondition(operand)
    if (inner.opcode === Op.not) return simplifiedCondition(inner.operands[0])
    const opposite = inner.opcode === Op.eq ? Op.ne : inner.opcode === Op.ne ? Op.eq : undefined
    if (opposite !== undefined) return { ...inner, opcode: opposite }
    return inner === operand ? condition : { ...condition, operands: [inner] }
}

/** An expression of the same value with fewer operations. */
function simplifyOperands(value: Expression): boolean {
    let changed = false
    value.operands.forEach((operand, i) => {
        changed = simplifyOperands(operand) || changed
        const { opcode, operands } = operand
        if (opcode === Op.toBool && isBoolean(operands[0])) value.operands[i] = operands[0]
        else if (opcode === Op.eq && operands[1].opcode === Op.undefined)
            value.operands[i] = expression(Op.isUndefined, 0, [operands[0]], operand.origin)
        else if (opcode === Op.not && operands[0].opcode === Op.eq)
            value.operands[i] = { ...operands[0], opcode: Op.ne }
        else if (opcode === Op.not && operands[0].opcode === Op.ne)
            value.operands[i] = { ...operands[0], opcode: Op.eq }
        else return
        changed = true
    })
    return changed
}

export function simplifyConditions({ body }: ImageFunction): boolean {
    let changed = false
    body.forEach((statement, i) => {
        changed = simplifyOperands(statement) || changed
        if (statement.opcode !== Op.jmpZ) return
        const condition = simplifiedCondition(statement.operands[0])
        if (condition !== statement.operands[0]) {
            statement.operands = [condition]
            changed = true
        }
        const truth = constantTruth(condition)
        if (truth === undefined) return
        // Never taken: it becomes a jump to the next statement, which is dropped. Always taken: it becomes a plain
        // jump.
        Object.assign(statement, { opcode: Op.jmp, operands: [], target: truth ? body[i + 1] : statement.target })
        changed = true
    })
    return changed
}

/** A condition that jumps over a jump takes that jump itself. */
export function invertJumps({ body }: ImageFunction): boolean {
    let changed = false
    for (let i = 0; i + 2 < body.length; i++) {
        const [from, jump, after] = body.slice(i, i + 3)
        if (from.opcode !== Op.jmpZ || jump.opcode !== Op.jmp || from.target !== after) continue
        if (body.some((other) => other.target === jump)) continue
        from.operands = [simplifiedCondition(expression(Op.not, 0, from.operands, from.origin))]
        from.target = jump.target
        body.splice(i + 1, 1)
        changed = true
    }
    return changed
}

/** `if (c) return true; return false` is `return c`. */
export function returnConditions({ body }: ImageFunction): boolean {
    for (let i = 0; i + 1 < body.length; i++) {
        const [from, next] = body.slice(i, i + 2)
        const { target } = from
        if (from.opcode !== Op.jmpZ || target?.opcode !== Op.return || next.opcode !== Op.return) continue
        const [truth, other] = [next.operands[0].opcode, target.operands[0].opcode]
        if (!(truth === Op.true && other === Op.false) && !(truth === Op.false && other === Op.true)) continue
        const [condition] = from.operands
        const value = truth === Op.true && isBoolean(condition) ? condition : undefined
        const made = truth === Op.true ? Op.toBool : Op.not
        const result = value ?? expression(made, 0, [condition], from.origin)
        Object.assign(from, { opcode: Op.return, operands: [result], target: null })
        return true
    }
    return false
}
