import { Op } from "../ir/operations.js"
import type { Expression, ImageFunction, Statement } from "../ir/program.js"
import { copyOf, expression, isBoolean, isConstant, successors } from "../ir/expressions.js"

/* Jumps: shorter ways, conditions turned round, code that nothing reaches left out. */

/** Tidies the jumps of a function. Returns true when something changed. */
export function tidyFlow(entry: ImageFunction): boolean {
    let rounds = 0
    // Two jumps that lead to each other would never come to an end.
    while (rounds < MAX_ROUNDS && tidyOnce(entry)) rounds++
    return rounds > 0
}

const MAX_ROUNDS = 100

function tidyOnce(entry: ImageFunction): boolean {
    const passes = [
        simplifyConditions,
        threadJumps,
        threadConstants,
        invertJumps,
        returnAtOnce,
        returnTruth,
        dropJumpsToNext,
        dropUnreachable,
    ]
    return passes.map((pass) => pass(entry)).some((changed) => changed)
}

function isTruthConstant(condition: Expression): boolean | undefined {
    if (condition.opcode === Op.true) return true
    if (condition.opcode === Op.false || condition.opcode === Op.undefined || condition.opcode === Op.null) return false
    return condition.opcode === Op.literal ? condition.value !== 0 : undefined
}

/** The same truth with fewer operations. */
function asCondition(condition: Expression): Expression {
    const [operand] = condition.operands
    if (condition.opcode === Op.toBool) return asCondition(operand)
    if (condition.opcode !== Op.not) return condition
    const inner = asCondition(operand)
    if (inner.opcode === Op.not) return asCondition(inner.operands[0])
    const opposite = inner.opcode === Op.eq ? Op.ne : inner.opcode === Op.ne ? Op.eq : undefined
    if (opposite !== undefined) return { ...inner, opcode: opposite }
    return inner === operand ? condition : { ...condition, operands: [inner] }
}

/** The same value with fewer operations. */
function asValue(value: Expression): boolean {
    let changed = false
    value.operands.forEach((operand, i) => {
        changed = asValue(operand) || changed
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

function simplifyConditions({ body }: ImageFunction): boolean {
    let changed = false
    body.forEach((statement, i) => {
        changed = asValue(statement) || changed
        if (statement.opcode !== Op.jmpZ) return
        const condition = asCondition(statement.operands[0])
        if (condition !== statement.operands[0]) {
            statement.operands = [condition]
            changed = true
        }
        const truth = isTruthConstant(condition)
        if (truth === undefined) return
        // Never taken: a jump to what follows, which is dropped. Always taken: a jump.
        Object.assign(statement, { opcode: Op.jmp, operands: [], target: truth ? body[i + 1] : statement.target })
        changed = true
    })
    return changed
}

/** The slot that a condition is about, and what its truth says about the slot's. */
function slotCondition(condition: Expression): { slot: number; sense: boolean } | undefined {
    if (condition.opcode === Op.loadLocal) return { slot: condition.value, sense: true }
    if (condition.opcode !== Op.not) return undefined
    const inner = slotCondition(condition.operands[0])
    return inner === undefined ? undefined : { slot: inner.slot, sense: !inner.sense }
}

/** Whether a condition holds when the operand that `isVariable` accepts is a constant; undefined when that does not decide it. */
function truthWith(
    condition: Expression,
    isVariable: (found: Expression) => boolean,
    constant: Expression,
): boolean | undefined {
    if (isVariable(condition)) return isTruthConstant(constant)
    const [operand] = condition.operands
    if (condition.opcode === Op.isUndefined && isVariable(operand)) return constant.opcode === Op.undefined
    if (condition.opcode !== Op.not) return undefined
    const inner = truthWith(operand, isVariable, constant)
    return inner === undefined ? undefined : !inner
}

/** A constant is stored, then a jump leads to a condition on it that goes one way only: the jump goes there. */
function threadConstants({ body }: ImageFunction): boolean {
    const targets = new Set(body.map(({ target }) => target))
    let changed = false
    for (let i = 0; i + 1 < body.length; i++) {
        const [store, jump] = [body[i], body[i + 1]]
        const test = jump.target
        if (jump.opcode !== Op.jmp || test?.opcode !== Op.jmpZ || test.target === null || targets.has(jump)) continue
        if (store.opcode !== Op.storeRetVal && store.opcode !== Op.storeLocal) continue
        const isStored = ({ opcode, value }: Expression): boolean =>
            store.opcode === Op.storeRetVal ? opcode === Op.retVal : opcode === Op.loadLocal && value === store.value
        const [value] = store.operands
        const truth = isConstant(value) ? truthWith(test.operands[0], isStored, value) : undefined
        const next = truth === true ? body[body.indexOf(test) + 1] : test.target
        if (truth === undefined || next === jump) continue
        jump.target = next
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

function threadJumps({ body }: ImageFunction): boolean {
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

/** A condition that jumps over a jump takes that jump itself. */
function invertJumps({ body }: ImageFunction): boolean {
    let changed = false
    for (let i = 0; i + 2 < body.length; i++) {
        const [from, jump, after] = body.slice(i, i + 3)
        if (from.opcode !== Op.jmpZ || jump.opcode !== Op.jmp || from.target !== after) continue
        if (body.some((other) => other.target === jump)) continue
        from.operands = [asCondition(expression(Op.not, 0, from.operands, from.origin))]
        from.target = jump.target
        body.splice(i + 1, 1)
        changed = true
    }
    return changed
}

/** A jump to a short return is that return. */
function returnAtOnce({ body }: ImageFunction): boolean {
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

/** `if (c) return true; return false` is `return c`. */
function returnTruth({ body }: ImageFunction): boolean {
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

function dropJumpsToNext({ body }: ImageFunction): boolean {
    const at = body.findIndex(({ opcode, target }, i) => opcode === Op.jmp && target !== null && target === body[i + 1])
    if (at < 0) return false
    const [gone] = body.splice(at, 1)
    for (const other of body) if (other.target === gone) other.target = gone.target
    return true
}

function dropUnreachable(entry: ImageFunction): boolean {
    const { body } = entry
    const place = new Map(body.map((statement, i) => [statement, i]))
    const reached = new Set<Statement>()
    const queue = body.slice(0, 1)
    for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
        if (reached.has(next)) continue
        reached.add(next)
        queue.push(...successors(body, place.get(next) ?? 0))
    }
    entry.body = body.filter((statement) => reached.has(statement))
    return entry.body.length < body.length
}
