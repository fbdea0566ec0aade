import { stackDepth } from "./expressions.js"
import { MAX_STACK, Op, operation } from "./operations.js"
import { type Expression, type ImageFunction, type ImageProgram, type Statement, walk } from "./program.js"

/*
 * The verifier of the program model: what every pass may rely on and has to preserve. Tests run it after each pass, so
 * that a faulty pass is named where it breaks a function, and not by a wrong result much later.
 */

/** A pass left an invalid function. */
export class VerificationError extends Error {}

/** Throws VerificationError for the first function that breaks a rule. */
export function verifyProgram(program: ImageProgram): void {
    for (const entry of program.functions) verifyFunction(program, entry)
}

export function verifyFunction(program: ImageProgram, entry: ImageFunction): void {
    const { body } = entry
    const statements = new Set(body)
    const seen = new Set<Expression>()
    const problems = body.map((each) => {
        const operations = nodesOf(each)
        // Passes change nodes in place: a shared one would change in both trees.
        const isShared = operations.some((node) => seen.has(node))
        for (const node of operations) seen.add(node)
        if (isShared) return "an operation is shared by two trees"
        return statementProblem(each, statements) ?? first(operations, (node) => operandProblem(program, entry, node))
    })
    const at = problems.findIndex((problem) => problem !== undefined)
    const problem = at < 0 ? functionProblem(entry) : `statement ${at}: ${problems[at]}`
    if (problem !== undefined) throw new VerificationError(`function ${program.functions.indexOf(entry)}: ${problem}`)
}

function nodesOf(each: Statement): Expression[] {
    const nodes: Expression[] = []
    walk(each, (node) => nodes.push(node))
    return nodes
}

function first<Item>(items: Item[], problemOf: (item: Item) => string | undefined): string | undefined {
    for (const item of items) {
        const problem = problemOf(item)
        if (problem !== undefined) return problem
    }
    return undefined
}

function functionProblem({ body, slots, arguments: parameters, tries, captured }: ImageFunction): string | undefined {
    const last = body.at(-1)
    if (last === undefined || !endsPath(last)) return "control flow leaves the end of the function"
    if (parameters > slots || [...captured].some((slot) => slot >= slots))
        return "a parameter or captured variable has no slot"
    const handlers = body.filter(isHandler)
    const entered = new Set(body.filter(({ opcode }) => opcode === Op.try).map(({ target }) => target))
    if (handlers.some((handler) => !entered.has(handler))) return "a handler that no try enters"
    return entered.size > 0 && tries === 0 ? "a try in a function that is said to have none" : undefined
}

function isHandler({ opcode }: Statement): boolean {
    return opcode === Op.catch || opcode === Op.finally
}

function endsPath({ opcode }: Statement): boolean {
    return operation(opcode)?.kind === "final"
}

function statementProblem(each: Statement, statements: Set<Statement>): string | undefined {
    const { opcode, target } = each
    const found = operation(opcode)
    if (found === undefined || found.kind === "expression") return "no statement"
    if ((found.immediate === "jump") !== (target !== null)) return "a jump without a target, or a target without a jump"
    if (target !== null && !statements.has(target)) return "a jump out of the function"
    if (opcode === Op.try && target !== null && !isHandler(target)) return "a try whose target is no handler"
    return stackDepth(each) > MAX_STACK ? "operands are deeper than the stack" : undefined
}

/** What an index refers to, as far as it is bounded. */
function boundOf(program: ImageProgram, entry: ImageFunction, immediate: string): number {
    const bounds: Record<string, number | undefined> = {
        local: entry.slots,
        global: program.globals,
        function: program.functions.length,
        ascii: program.ascii.length,
        utf8: program.utf8.length,
        float: program.floats.length,
        buffer: program.buffers.length,
    }
    return bounds[immediate] ?? Infinity
}

function operandProblem(program: ImageProgram, entry: ImageFunction, node: Expression): string | undefined {
    const { opcode, value, operands } = node
    const found = operation(opcode)
    if (found === undefined) return `no operation ${opcode}`
    if (operands.length !== found.operands) return `${found.name} has ${operands.length} operands`
    if (operands.some((operand) => operation(operand.opcode)?.kind !== "expression")) return "a statement as operand"
    if (found.immediate !== "int" && (value < 0 || value >= boundOf(program, entry, found.immediate)))
        return `${found.name} refers to ${value}, which is out of bounds`
    return found.immediate === "none" && value !== 0 ? `${found.name} has a value` : undefined
}
