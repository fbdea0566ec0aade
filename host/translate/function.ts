import { FIRST_MULTIBYTE, FIRST_SMALL_INT, Op, operation } from "../image/ir/operations.js"
import { isCaptured } from "../image/ir/expressions.js"
import { type Expression, FunctionFlag, type ImageFunction, type Statement } from "../image/ir/program.js"
import { Expressions, mayFail, type Output } from "./expression.js"
import { BUILTIN_FIELDS, type Callees, missingArguments } from "./callees.js"
import { type Addition, keyOf, type Shapes } from "./shapes.js"
import { fieldWord, UNDEFINED } from "./words.js"

/** Words of the machine's links between activations (LINK_WORDS in firmware/vm/state.h). */
const LINK_WORDS = 4
const CALLS: number[] = [
    ...[Op.call0, Op.call1, Op.call2, Op.call3, Op.call4],
    ...[Op.call5, Op.call6, Op.call7, Op.call8],
]
/** After these the function may go on in another turn of its own. */
const LEAVING: number[] = [...CALLS, Op.callArray, Op.reThrow, Op.catch, Op.finally]

/** Values of fields that are added at once; they are operands on the fiber's stack. */
const MOST_ADDITIONS = 12

/** One function as C. */
export class FunctionTranslation implements Output {
    /** words from the function's own link to its operands, from its slots to its operands; the slots of a captured
     * function are not there, but in a frame that closures share */
    private readonly above: number
    private readonly captured: boolean
    private readonly lines: string[] = []
    private readonly expressions = new Expressions(this)
    /** Where each statement begins with its first operand, bytes from the image's start. */
    private readonly starts = new Map<Statement, number>()
    private readonly labels = new Set<number>()
    private readonly entries = new Set<number>()
    private temporaries = 0

    /** @param image the one it is in */
    constructor(
        private readonly image: Buffer,
        private readonly source: ImageFunction,
        private readonly callees: Callees,
        private readonly shapes: Shapes,
    ) {
        this.captured = isCaptured(source)
        this.above = (this.captured ? LINK_WORDS : source.slots) + source.tries + LINK_WORDS
        let start = source.start
        for (const statement of source.body) {
            this.starts.set(statement, start)
            start = this.behind(statement)
        }
        source.body.forEach((statement, index) => this.mark(statement, source.body[index + 1]))
    }

    /** Where jumps lead, and where the function may go on in another turn. */
    private mark(statement: Statement, next: Statement | undefined): void {
        const { opcode, target } = statement
        if (LEAVING.includes(opcode) && next !== undefined) this.entries.add(this.start(next))
        if (target === null || opcode === Op.try) return
        const to = this.start(target)
        this.labels.add(to)
        if (to <= this.start(statement) || opcode === Op.throwJmp) this.entries.add(to)
    }

    private start(statement: Statement): number {
        return this.starts.get(statement) as number
    }

    line(code: string): void {
        this.lines.push(`        ${code}`)
    }

    temporary(): string {
        return `t${this.temporaries++}`
    }

    operand(depth: number): string {
        return this.captured ? `o[${depth}]` : `s[${this.above + depth}]`
    }

    behind({ origin: { at } }: Expression): number {
        const opcode = this.image[at]
        if (opcode >= FIRST_SMALL_INT || operation(opcode)?.immediate === "none") return at + 1
        const first = this.image[at + 1]
        return first < FIRST_MULTIBYTE ? at + 2 : at + 3 + (first & 3)
    }

    fieldPlace(object: Expression, field: Expression): number | undefined {
        return this.shapes.place(object, keyOf(field) ?? "")
    }

    /** The whole function, with this name. */
    write(name: string): string {
        const { body } = this.source
        for (let i = 0; i < body.length;) {
            const additions = this.additionsFrom(i)
            if (additions.length > 1) this.addFields(additions)
            else this.statement(body[i])
            i += Math.max(1, additions.length)
        }
        const entries = [...this.entries].map((at) => `        case ${at}: goto at_${at};`)
        const invalid = "        default: return mote_translated_invalid(vm);"
        return [
            `static bool ${name}(mote_vm *vm, uint32_t at)`,
            "{",
            "    mote_value *s = vm->slots;",
            "    (void)s;",
            ...(this.captured ? ["    mote_value *o = vm->operands;", "    (void)o;"] : []),
            // Mostly a function begins at its begin.
            "    if (__builtin_expect(at != 0, 0)) switch (at) {",
            ...entries,
            invalid,
            "    }",
            ...this.lines,
            "}",
            "",
        ].join("\n")
    }

    private statement(statement: Statement): void {
        const at = this.start(statement)
        if (this.labels.has(at) || this.entries.has(at)) this.lines.push(`at_${at}:`)
        this.lines.push("    {")
        this.translate(statement)
        this.lines.push("    }")
    }

    private context(statement: Statement, depth = 0): string {
        return this.expressions.context(statement, depth)
    }

    private value(expression: Expression): string {
        return this.expressions.value(expression, 0).code
    }

    /** Leaves the function unless a call succeeds. */
    private attempt(name: string, statement: Statement, operands = statement.operands, ...more: number[]): void {
        const { codes, above } = this.expressions.values(operands, 0)
        const given = [this.context(statement, above), ...codes, ...more].join(", ")
        this.line(`if (!mote_translated_${name}(${given})) return false;`)
    }

    private leave(name: string, statement: Statement, ...more: string[]): void {
        const { codes, above } = this.expressions.values(statement.operands, 0)
        this.line(`return mote_translated_${name}(${[this.context(statement, above), ...more, ...codes].join(", ")});`)
    }

    private translate(statement: Statement): void {
        const { opcode, value, operands } = statement
        if (CALLS.includes(opcode)) return this.call(statement)
        switch (opcode) {
            case Op.storeLocal:
                return this.line(`s[${value}] = ${this.value(operands[0])};`)
            case Op.storeGlobal:
                return this.store(`mote_translated_globals(vm)[${value}]`, operands[0])
            case Op.storeRetVal:
                return this.store("vm->ret_val", operands[0])
            case Op.indexSet:
                return isName(operands[1]) ? this.setField(statement) : this.attempt("set_index", statement)
            case Op.storeClosure: {
                const { codes } = this.expressions.values(operands, 0)
                return this.line(`if (!mote_translated_set_closure(vm, ${[value, ...codes].join(", ")})) return false;`)
            }
            case Op.indexDelete:
                return this.attempt("delete", statement)
            case Op.storeBuffer:
                this.expressions.push(operands, 0)
                return this.attempt("store", statement, [])
            case Op.allocMap:
                return this.attempt("alloc_map", statement)
            case Op.allocArray:
                return this.attempt("alloc_array", statement)
            case Op.allocBuffer:
                return this.attempt("alloc_buffer", statement)
            case Op.debugger:
                return
            default:
                return this.control(statement)
        }
    }

    private setField(statement: Statement): void {
        const addition = this.shapes.addition(this.source, statement)
        const place = this.fieldPlace(statement.operands[0], statement)
        if (addition !== undefined)
            this.attempt("add_field", statement, statement.operands, addition.index, addition.fields.length)
        else if (place !== undefined) this.attempt("set_field_at", statement, statement.operands, place)
        else this.attempt("set_field", statement)
    }

    /** Statements from this one on that add fields to one object, with values that are known before the first addition. */
    private additionsFrom(index: number): Statement[] {
        const found: Statement[] = []
        for (const statement of this.source.body.slice(index, index + MOST_ADDITIONS)) {
            const place = this.shapes.addition(this.source, statement)?.index
            if (place === undefined) break
            const [first] = found
            if (first !== undefined && !this.continues(statement, first, place - found.length)) break
            found.push(statement)
        }
        return found
    }

    private continues(statement: Statement, first: Statement, place: number): boolean {
        const [object, , value] = statement.operands
        const [same] = first.operands
        const at = this.start(statement)
        return (
            place === this.shapes.addition(this.source, first)?.index &&
            object.opcode === same.opcode &&
            object.value === same.value &&
            !this.labels.has(at) &&
            !this.entries.has(at) &&
            !mayFail(value)
        )
    }

    private addFields(additions: Statement[]): void {
        const [first] = additions
        const { index, fields } = this.shapes.addition(this.source, first) as Addition
        const at = this.start(first)
        if (this.labels.has(at) || this.entries.has(at)) this.lines.push(`at_${at}:`)
        this.lines.push("    {")
        this.expressions.push(
            additions.map(({ operands }) => operands[2]),
            0,
        )
        const keys = additions.map(({ operands }) => this.value(operands[1]))
        const facts = `{${index}, ${additions.length}, ${fields.length}, {${keys.join(", ")}}}`
        this.line(`static const translated_additions of = ${facts};`)
        const given = [this.context(first), this.value(first.operands[0]), "&of"].join(", ")
        this.line(`if (!mote_translated_add_fields(${given})) return false;`)
        this.lines.push("    }")
    }

    private store(place: string, operand: Expression): void {
        const code = this.value(operand)
        this.line(`${place} = ${code};`)
    }

    private call(statement: Statement): void {
        const [callee, ...given] = statement.operands
        const at = this.behind(statement)
        const direct = this.callees.direct(callee, given.length, at)
        const key = fieldWord(callee)
        if (direct !== undefined) this.callWith(direct.call, UNDEFINED, given, direct.declared)
        else if (key !== undefined || (callee.operands.length === 0 && callee.opcode in BUILTIN_FIELDS)) {
            const { call, object } = this.callees.field(callee, given.length, at)
            this.callWith(call, object === undefined ? undefined : this.value(object), given)
        } else this.callWith(`mote_translated_call(vm, ${given.length}, ${at})`, this.value(callee), given)
    }

    /** @param first what lies below the arguments */
    private callWith(call: string, first: string | undefined, given: Expression[], declared = 0): void {
        // The collector may run while arguments are evaluated.
        this.line(`${this.expressions.place(0)} = ${first ?? UNDEFINED};`)
        this.expressions.push(given, 1)
        for (const place of missingArguments(given.length, declared))
            this.line(`${this.expressions.place(place)} = ${UNDEFINED};`)
        this.line(`if (!${call}) return false;`)
        const below = LINK_WORDS + ((this.source.flags & FunctionFlag.needsThis) === 0 ? 1 : 0)
        if (this.captured) this.line(`o = mote_translated_back_to_frame(vm, ${this.above});`)
        else this.line(`s = mote_translated_back(vm, ${this.above}, ${below});`)
    }

    private control(statement: Statement): void {
        const { opcode, operands } = statement
        switch (opcode) {
            case Op.jmp:
                return this.jump(statement)
            case Op.jmpZ:
                this.line(`if (!(${this.expressions.condition(operands[0], 0)})) {`)
                this.jump(statement)
                return this.line("}")
            case Op.jmpRetValZ:
                this.line(`if (is_nullish(vm->ret_val)) { vm->ret_val = ${UNDEFINED};`)
                this.jump(statement)
                return this.line("}")
            case Op.return:
                return this.return(operands[0])
            case Op.callArray:
                return this.leave("call_array", statement)
            case Op.throw:
                return this.leave("throw", statement)
            case Op.reThrow:
                return this.leave("throw_again", statement)
            case Op.throwJmp:
                return this.leave("throw_jump", statement, `${this.offset(statement)}u`)
            default:
                return this.handler(statement)
        }
    }

    private handler(statement: Statement): void {
        const invalid = "return mote_translated_invalid(vm);"
        switch (statement.opcode) {
            case Op.try:
                return this.line(`if (!mote_try_enter(vm, ${this.offset(statement)}u)) ${invalid}`)
            case Op.endTry:
                this.line(`if (!mote_try_leave(vm)) ${invalid}`)
                return this.jump(statement)
            case Op.finally: {
                const own = this.start(statement) - this.source.start
                this.line(`if (!mote_try_is_top(vm, ${own}u)) ${invalid}`)
                this.line("(void)mote_try_leave(vm);")
                return this.line(`vm->ret_val = ${UNDEFINED};`)
            }
            case Op.catch:
                return this.line(invalid)
            default:
                throw new Error(`the operation ${statement.opcode} has no translation`)
        }
    }

    /** Where a jump leads, from the function's start. */
    private offset({ target }: Statement): number {
        return this.start(target as Statement) - this.source.start
    }

    /** A preemption point in loops, as in the interpreter. */
    private jump(statement: Statement): void {
        const to = this.start(statement.target as Statement)
        const from = this.start(statement)
        if (to <= from) {
            const operations = Math.ceil((from - to) / 2) + 1
            const turn = `return mote_translated_interrupt(vm, ${to});`
            this.line(`if ((vm->budget -= ${operations}) < 0) ${turn}`)
        }
        this.line(`goto at_${to};`)
    }

    private return(operand: Expression): void {
        const code = this.value(operand)
        const constructs = (this.source.flags & FunctionFlag.constructor) !== 0
        const result = constructs ? (code === UNDEFINED ? "s[0]" : `${code} == ${UNDEFINED} ? s[0] : ${code}`) : code
        this.line(`return mote_translated_return(vm, ${result});`)
    }
}

const isName = ({ opcode }: Expression): boolean =>
    opcode === Op.staticAsciiString || opcode === Op.staticBuiltinString || opcode === Op.staticUtf8String
