import { Op } from "../image/ir/operations.js"
import { type Expression, FunctionFlag, type ImageFunction, type Statement } from "../image/ir/program.js"
import { isCaptured } from "../image/ir/expressions.js"
import { quickOperation } from "./arithmetic.js"
import type { Callees } from "./callees.js"
import type { IsCold } from "./covered-code.js"
import { Expressions, type Output, type Value } from "./expression.js"
import { known } from "./field-views.js"
import { FunctionOutput } from "./function-output.js"
import { MOST_FIELDS, type Shapes } from "./shapes.js"
import { LENGTH, nameWord, UNDEFINED } from "./words.js"

/*
 * Leaf functions: those that call nothing, make nothing and do not loop, such as accessors and the ends of queues. Their
 * entry first tries them in C variables, without an activation. What needs one (an exception, an object of another class)
 * is found out before anything is stored, and then the function is entered as usual.
 */

/** Most statements of a function whose code may be there twice. */
const MOST_STATEMENTS = 16
/** Most operands that are stored while others are evaluated. */
const OPERANDS = 8

/** A statement or an expression needs an activation. */
class NeedsActivation extends Error {}

/** Expressions without operations that may allocate or throw. */
class LeafExpressions extends Expressions {
    constructor(private readonly leaf: Output) {
        super(leaf)
    }

    protected override attempt(): Value {
        throw new NeedsActivation()
    }

    protected override field(expression: Expression, key: string, depth: number, isRaw: boolean): Value {
        const fixed = this.fixed(expression, key, isRaw)
        if (fixed !== undefined) return fixed
        const [object] = expression.operands
        const place = this.leaf.fieldPlace(object, expression)
        const { code } = this.value(object, depth)
        if (key === LENGTH) {
            const length = this.keep(`quick_length(vm, ${code})`)
            this.leaf.unless(`${length} == VALUE_NONE`)
            return { code: length, rooted: true }
        }
        const found = this.keep(this.placeOf(code, place, key))
        if (!isRaw && !this.leaf.isPlain(expression)) this.leaf.unless(`mote_translated_is_code(vm, ${found})`)
        return { code: found, rooted: true }
    }

    /** C of a field of an object that probably has it at that place. */
    placeOf(object: string, place: number | undefined, key: string): string {
        if (place === undefined || place >= MOST_FIELDS) throw new NeedsActivation()
        const fields = this.leaf.temporary()
        this.leaf.line(
            `mote_value *${fields} = mote_translated_fields(vm, ${object}, ${known(place + 1, place, key)});`,
        )
        this.leaf.unless(`${fields} == NULL`)
        return `${fields}[${place}]`
    }

    protected override operation(expression: Expression, depth: number): Value {
        const quick = quickOperation(expression)
        if (quick === undefined) return this.attempt()
        const { codes } = this.values(expression.operands, depth)
        const result = this.leaf.temporary()
        this.leaf.line(`mote_value ${result};`)
        this.leaf.unless(`!${quick}(${codes.join(", ")}, &${result})`)
        return { code: result, rooted: true }
    }
}

class LeafTranslation extends FunctionOutput {
    private readonly expressions = new LeafExpressions(this)
    /** Whether something has been stored, so that the function cannot begin again. */
    private hasStored = false
    private readonly targets = new Set<number>()
    private hasReturn = false
    /** Whether it may turn out to need an activation. */
    private mayBegin = false

    protected override interpreted(): string {
        if (this.hasStored) throw new NeedsActivation()
        this.mayBegin = true
        return "goto full;"
    }

    override operand(depth: number): string {
        if (depth >= OPERANDS) throw new NeedsActivation()
        return `s[${this.source.slots + depth}]`
    }

    /** The leaf as a block of its entry function. `first` is where the arguments begin above `base`. */
    write(first: number): string[] {
        const { body, slots, arguments: given } = this.source
        for (const statement of body) this.statement(statement)
        if (!this.hasReturn) throw new NeedsActivation()
        const values = Array.from({ length: slots }, (_, i) => (i < given ? `base[${first + i}]` : UNDEFINED))
        return [
            "    {",
            `        mote_value s[${slots + OPERANDS}] = {${[...values, "0"].join(", ")}};`,
            "        (void)s;",
            ...this.views.names().map((slot) => `        mote_value *p${slot};`),
            ...this.lines,
            "    }",
            ...(this.mayBegin ? ["full:"] : []),
        ]
    }

    protected override isTarget(at: number): boolean {
        return this.targets.has(at)
    }

    private statement(statement: Statement): void {
        if (!this.views.isReached() && !this.isTarget(this.start(statement))) return
        this.begin(statement)
        this.lines.push("    {")
        if (this.isInterpreted(statement)) {
            this.line(this.interpreted())
            this.views.stop()
        } else {
            this.translate(statement)
            this.views.follow(statement)
        }
        this.lines.push("    }")
    }

    private value(expression: Expression): string {
        return this.expressions.value(expression, 0).code
    }

    private translate(statement: Statement): void {
        const { opcode, value, operands } = statement
        switch (opcode) {
            case Op.storeLocal:
                return this.line(`s[${value}] = ${this.value(operands[0])};`)
            case Op.storeRetVal:
                return this.line(`vm->ret_val = ${this.value(operands[0])};`)
            case Op.indexSet:
                return this.store(statement)
            case Op.jmp:
                return this.jump(statement)
            case Op.jmpZ:
                this.line(`if (!(${this.expressions.condition(operands[0], 0)})) {`)
                this.jump(statement)
                return this.line("}")
            case Op.return:
                this.line(`vm->ret_val = ${this.value(operands[0])};`)
                this.hasReturn = true
                return this.line("return true;")
            default:
                throw new NeedsActivation()
        }
    }

    private store(statement: Statement): void {
        const [object, name, value] = statement.operands
        const isName = name.opcode === Op.staticAsciiString || name.opcode === Op.staticBuiltinString
        if (!isName || this.shapes.addition(this.source, statement) !== undefined) throw new NeedsActivation()
        const key = nameWord(name)
        const { code } = this.expressions.value(value, 0)
        const fixed = this.expressions.fixedPlace(object, statement, key)
        const target = fixed ?? this.expressions.placeOf(this.value(object), this.fieldPlace(object, statement), key)
        this.line(`${target} = ${code};`)
        this.hasStored = true
    }

    private jump(statement: Statement): void {
        const to = this.start(statement.target as Statement)
        if (to <= this.start(statement)) throw new NeedsActivation()
        this.views.leave(to)
        this.targets.add(to)
        this.line(`goto at_${to};`)
    }
}

/** C that tries a function without an activation; undefined if it may need one for what it usually does. */
export function leafOf(
    image: Buffer,
    source: ImageFunction,
    callees: Callees,
    shapes: Shapes,
    isCold: IsCold,
): string[] | undefined {
    const { body, tries, flags } = source
    const isOther = (flags & (FunctionFlag.constructor | FunctionFlag.restArgument)) !== 0 || isCaptured(source)
    if (isOther || tries > 0 || body.length > MOST_STATEMENTS) return undefined
    try {
        return new LeafTranslation(image, source, shapes, isCold, callees).write(
            (flags & FunctionFlag.needsThis) === 0 ? 1 : 0,
        )
    } catch (error) {
        if (error instanceof NeedsActivation) return undefined
        throw error
    }
}
