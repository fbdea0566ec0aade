import { Op } from "../image/ir/operations.js"
import { type Expression, FunctionFlag, type ImageFunction, type Statement } from "../image/ir/program.js"
import { Expressions, mayFail } from "./expression.js"
import { BUILTIN_FIELDS, type Callees, missingArguments } from "./callees.js"
import { CALLS, FunctionOutput } from "./function-output.js"
import type { Addition } from "./additions.js"
import type { IsCold } from "./covered-code.js"
import type { Shapes } from "./shapes.js"
import { fieldWord, nameWord, UNDEFINED } from "./words.js"

/** Most fields that are added at once. */
const MOST_ADDITIONS = 12

/** One function as C. */
export class FunctionTranslation extends FunctionOutput {
    private readonly expressions = new Expressions(this)

    /**
     * @param image the image that contains it
     * @param isCold statements that the interpreter executes
     */
    constructor(
        image: Buffer,
        source: ImageFunction,
        private readonly callees: Callees,
        shapes: Shapes,
        isCold: IsCold,
    ) {
        super(image, source, shapes, isCold, callees)
    }

    /** The whole function under this name. */
    write(name: string): string {
        const { body } = this.source
        for (let i = 0; i < body.length;) {
            const additions = this.additionsFrom(i)
            if (this.isInterpreted(body[i])) this.leaveOut(body[i], i > 0 && this.isInterpreted(body[i - 1]))
            else if (additions.length > 1) this.addFields(additions)
            else this.statement(body[i])
            i += Math.max(1, additions.length)
        }
        return this.text(name)
    }

    /** @param follows whether the previous statement is left out, too, so that the interpreter has taken over already */
    private leaveOut(statement: Statement, follows: boolean): void {
        if (follows && !this.labels.has(this.start(statement))) return
        this.begin(statement)
        this.line(this.interpreted())
        this.views.stop()
    }

    private statement(statement: Statement): void {
        this.begin(statement)
        this.lines.push("    {")
        this.translate(statement)
        this.views.follow(statement)
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
        this.line(`if (!mote_translated_${name}(${given})) ${this.failed()}`)
    }

    private leave(name: string, statement: Statement, ...more: string[]): void {
        const { codes, above } = this.expressions.values(statement.operands, 0)
        this.line(`(void)mote_translated_${name}(${[this.context(statement, above), ...more, ...codes].join(", ")});`)
        this.line(this.failed())
    }

    /** Where a handler or the end of a finally block leads is known only at run time. */
    private goOn(name: string, statement: Statement, ...more: string[]): void {
        const { codes, above } = this.expressions.values(statement.operands, 0)
        const isAgain = statement.opcode === Op.reThrow
        if (isAgain) this.line(`if (${codes[0]} != ${UNDEFINED}) {`)
        this.line(`at = mote_translated_${name}(${[this.context(statement, above), ...more, ...codes].join(", ")});`)
        this.line(`if (at == TRANSLATED_NOWHERE) ${this.failed()}`)
        this.goAnywhere()
        if (isAgain) this.line("}")
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
                return isName(operands[1]) ? this.setField(statement) : this.setIndex(statement)
            case Op.storeClosure: {
                const { codes } = this.expressions.values(operands, 0)
                return this.line(
                    `if (!mote_translated_set_closure(vm, ${[value, ...codes].join(", ")})) ${this.failed()}`,
                )
            }
            case Op.indexDelete:
                return this.attempt("delete", statement)
            case Op.storeBuffer:
                this.expressions.push(operands, 0)
                return this.attempt("store", statement, [])
            case Op.allocMap:
                return this.attempt("alloc_map", statement, [], this.shapes.literalFieldCount(statement))
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

    private setIndex(statement: Statement): void {
        this.attempt("set_index", statement)
        this.views.move()
    }

    private setField(statement: Statement): void {
        const addition = this.shapes.addition(this.source, statement)
        if (addition === undefined && this.setFixed(statement)) return
        const place = this.fieldPlace(statement.operands[0], statement)
        if (addition !== undefined)
            this.attempt("add_field", statement, statement.operands, addition.index, addition.fields.length)
        else if (place !== undefined) this.attempt("set_field_at", statement, statement.operands, place)
        else this.attempt("set_field", statement)
        this.views.move()
    }

    /** Stores to a field that the object already has; false when that is unknown. */
    private setFixed(statement: Statement): boolean {
        const [object, name, value] = statement.operands
        if (this.fixedField(object, statement) === undefined) return false
        const { code } = this.expressions.value(value, 0)
        const place = this.expressions.fixedPlace(object, statement, nameWord(name))
        this.line(`${place} = ${code};`)
        return true
    }

    /**
     * Consecutive statements from this one on that add fields to one object, with values that are known before the
     * first addition.
     */
    private additionsFrom(index: number): Statement[] {
        const found: Statement[] = []
        for (const statement of this.source.body.slice(index, index + MOST_ADDITIONS)) {
            const place = this.shapes.addition(this.source, statement)?.index
            if (place === undefined || this.isInterpreted(statement)) break
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
        this.begin(first)
        this.lines.push("    {")
        const values = additions.map(({ operands }) => operands[2])
        const { codes, above } = this.expressions.values(values, 0, false, true)
        const keys = additions.map(({ operands }) => `${this.value(operands[1])} >> 5`)
        const facts = `{${index}, ${additions.length}, ${fields.length}, {${keys.join(", ")}}}`
        this.line(`static const translated_additions of = ${facts};`)
        const given = [this.context(first, above), this.value(first.operands[0]), "&of"].join(", ")
        this.line(`mote_value *to = mote_translated_add_fields(${given});`)
        this.unless("to == NULL")
        for (const [i, code] of codes.entries()) this.line(`to[${i}] = ${code};`)
        this.views.move()
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
            this.callWith(call, typeof object === "string" ? object : this.value(object), given)
        } else this.callWith(`mote_translated_call(vm, ${given.length}, ${at})`, this.value(callee), given)
    }

    /** @param first the value below the arguments */
    private callWith(call: string, first: string, given: Expression[], declared = 0): void {
        // The collector may run while arguments are evaluated.
        this.line(`${this.expressions.place(0)} = ${first};`)
        this.expressions.push(given, 1)
        for (const place of missingArguments(given.length, declared))
            this.line(`${this.expressions.place(place)} = ${UNDEFINED};`)
        this.line(`if (!${call}) ${this.failed()}`)
        this.line(this.captured ? "o = vm->operands;" : `s = vm->operands - ${this.above};`)
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
                return this.goOn("throw_again", statement)
            case Op.throwJmp:
                return this.goOn("throw_jump", statement, `${this.offset(statement)}u`)
            default:
                return this.handler(statement)
        }
    }

    private handler(statement: Statement): void {
        const invalid = (): string => `{ (void)mote_translated_invalid(vm); ${this.failed()} }`
        switch (statement.opcode) {
            case Op.try:
                return this.line(`if (!mote_try_enter(vm, ${this.offset(statement)}u)) ${invalid()}`)
            case Op.endTry:
                this.line(`if (!mote_try_leave(vm)) ${invalid()}`)
                return this.jump(statement)
            case Op.finally: {
                const own = this.place(this.start(statement))
                this.line(`if (!mote_try_is_top(vm, ${own}u)) ${invalid()}`)
                this.line("(void)mote_try_leave(vm);")
                return this.line(`vm->ret_val = ${UNDEFINED};`)
            }
            case Op.catch:
                return this.line(invalid())
            default:
                throw new Error(`the operation ${statement.opcode} has no translation`)
        }
    }

    /** A jump's target, from the function's start. */
    private offset({ target }: Statement): number {
        return this.place(this.start(target as Statement))
    }

    /** A preemption point in loops, as in the interpreter. */
    private jump(statement: Statement): void {
        const to = this.start(statement.target as Statement)
        const from = this.start(statement)
        this.views.leave(to)
        if (to <= from) {
            const operations = Math.ceil((from - to) / 2) + 1
            this.line(`if ((vm->budget -= ${operations}) < 0) ${this.interrupted(to)}`)
        }
        this.line(`goto at_${to};`)
    }

    private return(operand: Expression): void {
        const code = this.value(operand)
        const constructs = (this.source.flags & FunctionFlag.constructor) !== 0
        const result = constructs ? (code === UNDEFINED ? "s[0]" : `${code} == ${UNDEFINED} ? s[0] : ${code}`) : code
        this.line(this.returned(result))
    }
}

const isName = ({ opcode }: Expression): boolean =>
    opcode === Op.staticAsciiString || opcode === Op.staticBuiltinString || opcode === Op.staticUtf8String
