import { Op } from "../image/ir/operations.js"
import type { Expression } from "../image/ir/program.js"
import type { FixedField } from "./shapes.js"
import { quickTest, quickWay } from "./arithmetic.js"
import { COMPARISONS, type Integer, integerOf, isSum, sumOverflows } from "./small-integers.js"
import { bufferWord, builtinWord, fieldWord, functionWord, LENGTH, smallWord, stringWord, UNDEFINED } from "./words.js"

/** An expression's value, as C without side effects. */
export interface Value {
    code: string
    /** whether it is rooted elsewhere, so that it may stay in a C variable while other operands are evaluated */
    rooted: boolean
}

/** Where the C is written. */
export interface Output {
    line(code: string): void
    /** A fresh name. */
    temporary(): string
    /** C of an operand's slot on the fiber's stack. */
    operand(depth: number): string
    /** The end of an operation, in bytes from the image's start. */
    behind(expression: Expression): number
    /** Where the object probably has the field. */
    fieldPlace(object: Expression, field: Expression): number | undefined
    /** Where it certainly has the field; undefined when that is unknown. */
    fixedField(object: Expression, field: Expression): FixedField | undefined
    /** Whether the field that is read contains no function. */
    isPlain(field: Expression): boolean
    /** Whether it probably contains one, so that the C has to bind it. */
    isBinding(field: Expression): boolean
    /** C of a field of the object in a slot. */
    fieldOf(slot: number, fixed: FixedField, key: string): string
    /** Whether it certainly is a small integer, unless it is too large. */
    isSmall(expression: Expression): boolean
    /** C that leaves the function because an exception or panic is pending. */
    failed(): string
    /** The interpreter takes over from this statement when the C condition is true. */
    unless(condition: string): void
}

const rooted = (code: string): Value => ({ code, rooted: true })

/** Values that need no code, by opcode. */
const constants: Record<number, (value: number) => string> = {
    [Op.undefined]: () => UNDEFINED,
    [Op.null]: () => "MOTE_NULL",
    [Op.true]: () => "MOTE_TRUE",
    [Op.false]: () => "MOTE_FALSE",
    [Op.nan]: () => "VALUE_NAN",
    [Op.inf]: () => "VALUE_INFINITY",
    [Op.retVal]: () => "vm->ret_val",
    [Op.builtinObject]: builtinWord,
    [Op.staticBuffer]: bufferWord,
    [Op.staticFunction]: functionWord,
    [Op.staticBuiltinString]: (index) => stringWord("builtin", index),
    [Op.staticAsciiString]: (index) => stringWord("ascii", index),
    [Op.staticUtf8String]: (index) => stringWord("utf8", index),
    [Op.loadLocal]: (slot) => `s[${slot}]`,
    [Op.loadGlobal]: (index) => `mote_translated_globals(vm)[${index}]`,
}

/** Operations that may fail: the function of firmware/translated that takes the operands. */
const calls: Record<number, string> = {
    [Op.add]: "add",
    [Op.sub]: "sub",
    [Op.bitAnd]: "and",
    [Op.bitOr]: "or",
    [Op.bitXor]: "xor",
    [Op.mul]: "mul",
    [Op.div]: "binary",
    [Op.shiftLeft]: "shift_left",
    [Op.shiftRight]: "shift_right",
    [Op.shiftRightUnsigned]: "binary",
    [Op.bitNot]: "unary",
    [Op.toInt]: "unary",
    [Op.neg]: "unary",
    [Op.uplus]: "unary",
    [Op.abs]: "unary",
    [Op.index]: "index",
    [Op.new]: "ctor",
    [Op.bind]: "bind",
    [Op.instanceOf]: "instance",
}

const builtinObjects: Record<number, string> = {
    [Op.mathField]: "OBJECT_Math",
    [Op.dsField]: "OBJECT_DeviceScript",
    [Op.objectField]: "OBJECT_Object",
}

/** Of firmware/translated/translated.h. */
const DEPTH_SHIFT = 24

type Test = (x: string, y: string) => string

/** Operations with a truth value, as C conditions. */
const tests: Record<number, Test> = {
    [Op.lt]: (x, y) => `mote_translated_less(vm, ${x}, ${y})`,
    [Op.le]: (x, y) => `mote_translated_not_more(vm, ${x}, ${y})`,
    [Op.eq]: (x, y) => `mote_translated_equal(vm, ${x}, ${y})`,
    [Op.ne]: (x, y) => `!mote_translated_equal(vm, ${x}, ${y})`,
    [Op.approxEq]: (x, y) => `mote_translated_about_equal(vm, ${x}, ${y})`,
    [Op.approxNe]: (x, y) => `!mote_translated_about_equal(vm, ${x}, ${y})`,
    [Op.isUndefined]: (x) => `${x} == ${UNDEFINED}`,
    [Op.isNullish]: (x) => `is_nullish(${x})`,
    [Op.isNan]: (x) => `${x} == VALUE_NAN`,
}

/** Constants that are equal only to themselves. */
const unique = new Set<number>([Op.undefined, Op.null, Op.true, Op.false])

/** Whether a test needs the values of its operands, and not only their types. */
const comparesValues = ({ opcode, operands }: Expression): boolean =>
    opcode in tests && operands.length === 2 && !operands.some((operand) => unique.has(operand.opcode))

const isTest = ({ opcode }: Expression): boolean => opcode in tests || opcode === Op.not || opcode === Op.toBool

/** Whether its evaluation may allocate or throw. */
export function mayFail(expression: Expression): boolean {
    const { opcode, value, operands } = expression
    if (opcode === Op.literal) return smallWord(value) === undefined
    const simple = opcode in constants || isTest(expression) || opcode === Op.typeof || opcode === Op.typeofStr
    return !simple || operands.some(mayFail)
}

/**
 * Writes the evaluation of one statement's expressions. `depth` is the number of the statement's operands that are
 * already on the fiber's stack.
 */
export class Expressions {
    constructor(private readonly output: Output) {}

    /** C of an operand's slot on the fiber's stack. */
    place(depth: number): string {
        return this.output.operand(depth)
    }

    /** The arguments that every operation starts with (`at` of firmware/translated/translated.h). */
    context(expression: Expression, depth: number): string {
        return `vm, ${this.output.behind(expression) + depth * 2 ** DEPTH_SHIFT}u`
    }

    protected attempt(code: string): Value {
        const name = this.output.temporary()
        this.output.line(`mote_value ${name} = ${code};`)
        this.output.line(`if (${name} == MOTE_FAILED) ${this.output.failed()}`)
        return { code: name, rooted: false }
    }

    /** @param isRaw whether a function may be returned as the object has it, without being bound to the object */
    value(expression: Expression, depth: number, isRaw = false): Value {
        const { opcode, value, operands } = expression
        if (opcode in constants) return rooted(constants[opcode](value))
        if (isTest(expression)) return rooted(this.keep(`bool_value(${this.condition(expression, depth)})`))
        const key = fieldWord(expression)
        if (key !== undefined) return this.field(expression, key, depth, isRaw)
        if (opcode in calls && this.output.isSmall(expression)) return rooted(this.small(expression))
        if (opcode in calls) return this.operation(expression, depth)
        if (opcode === Op.typeof || opcode === Op.typeofStr)
            return rooted(this.keep(`mote_type_name(vm, ${this.value(operands[0], depth).code})`))
        return this.special(expression, depth)
    }

    /** C of a field at its fixed place in the object of known class in a slot; undefined when the place is unknown. */
    fixedPlace(object: Expression, field: Expression, key: string): string | undefined {
        const fixed = this.output.fixedField(object, field)
        return fixed === undefined ? undefined : this.output.fieldOf(object.value, fixed, key)
    }

    /** A field at its fixed place, where its object keeps it alive; undefined when the place is unknown. */
    protected fixed(expression: Expression, key: string, isRaw: boolean): Value | undefined {
        if (!isRaw && this.output.isBinding(expression)) return undefined
        const place = this.fixedPlace(expression.operands[0], expression, key)
        if (place === undefined) return undefined
        const name = this.keep(place)
        if (!isRaw && !this.output.isPlain(expression)) this.output.unless(`mote_translated_is_code(vm, ${name})`)
        return rooted(name)
    }

    protected field(expression: Expression, key: string, depth: number, isRaw: boolean): Value {
        const fixed = this.fixed(expression, key, isRaw)
        if (fixed !== undefined) return fixed
        const place = this.output.fieldPlace(expression.operands[0], expression)
        if (key === LENGTH) return this.call("length", expression, expression.operands, depth, String(place ?? 0))
        if (place === undefined) return this.call("field", expression, expression.operands, depth, key)
        const isData = isRaw || this.output.isPlain(expression)
        return this.call(isData ? "data_at" : "field_at", expression, expression.operands, depth, key, String(place))
    }

    private special(expression: Expression, depth: number): Value {
        const { opcode, value, operands } = expression
        const context = this.context(expression, depth)
        if (opcode === Op.literal) {
            const small = smallWord(value)
            return small !== undefined ? rooted(small) : this.attempt(`mote_translated_number(${context}, ${value})`)
        }
        if (opcode === Op.literalF64) return this.attempt(`mote_translated_literal(${context}, ${value})`)
        if (opcode === Op.staticSpec || opcode === Op.staticSpecProto)
            return this.attempt(`mote_translated_spec(${context}, ${value})`)
        if (opcode === Op.makeClosure) return this.attempt(`mote_translated_closure(${context}, ${value})`)
        if (opcode === Op.loadClosure) {
            const { codes } = this.values(operands, depth)
            return this.attempt(`mote_translated_load_closure(${[context, value, ...codes].join(", ")})`)
        }
        if (opcode === Op.loadBuffer) {
            this.push(operands, depth)
            return this.attempt(`mote_translated_load(${context})`)
        }
        const name = stringWord("builtin", value)
        return this.attempt(`mote_translated_builtin(${context}, ${builtinObjects[opcode]}, ${name})`)
    }

    /** The word of a small integer; the interpreter takes over if it is too large. */
    private small(expression: Expression): string {
        const name = this.output.temporary()
        if (isSum(expression)) {
            const [x, y] = expression.operands.map((operand) => this.value(operand, 0).code)
            this.output.line(`int32_t ${name};`)
            this.output.unless(sumOverflows(expression, x, y, name))
            return `(mote_value)${name}`
        }
        this.output.line(`mote_value ${name} = small_value(${this.narrow(this.integer(expression))});`)
        return name
    }

    /** A small integer, without its tag. */
    private integer(expression: Expression): Integer {
        const { opcode, value, operands } = expression
        if (opcode === Op.literal) return { code: `(${value})`, isWide: false }
        if (opcode === Op.loadLocal) return { code: `small_int(${this.value(expression, 0).code})`, isWide: false }
        const values = operands.map((operand) => this.integer(operand))
        return integerOf(expression, values, (operand) => this.narrow(operand))
    }

    private narrow({ code, isWide }: Integer): string {
        if (!isWide) return code
        const name = this.output.temporary()
        this.output.line(`int32_t ${name} = ${code};`)
        this.output.unless(`!fits_small(${name})`)
        return name
    }

    /** C of a comparison of small integers, or with one; undefined for other tests. */
    private comparison({ opcode, operands }: Expression): string | undefined {
        const operator = COMPARISONS[opcode]
        if (operator === undefined || !operands.every((operand) => this.output.isSmall(operand))) return undefined
        const [x, y] = operands.map((operand) => this.integer(operand).code)
        return `${x} ${operator} ${y}`
    }

    /** Some operations have an inline fast path. */
    protected operation(expression: Expression, depth: number): Value {
        const { opcode, operands } = expression
        const { codes, above } = this.values(operands, depth)
        const context = this.context(expression, above)
        const result = this.output.temporary()
        const quick = codes.length === 2 ? quickWay(expression, codes[0], codes[1], result) : undefined
        if (quick === undefined)
            return this.attempt(`mote_translated_${calls[opcode]}(${[context, ...codes].join(", ")})`)
        this.output.line(`mote_value ${result};`)
        const inFull = `mote_translated_binary(${[context, ...codes].join(", ")})`
        this.output.line(`if (!${quick} && (${result} = ${inFull}) == MOTE_FAILED) ${this.output.failed()}`)
        return { code: result, rooted: false }
    }

    private call(
        name: string,
        expression: Expression,
        operands: Expression[],
        depth: number,
        ...more: string[]
    ): Value {
        const { codes, above } = this.values(operands, depth)
        const context = this.context(expression, above)
        return this.attempt(`mote_translated_${name}(${[context, ...codes, ...more].join(", ")})`)
    }

    /**
     * Several operands; values that are not rooted while later ones are evaluated are spilled to the fiber's stack.
     * @param isRaw see `value`
     * @param areKept whether the user of the operands may allocate before it reads them: all of them must be rooted
     */
    values(operands: Expression[], depth: number, isRaw = false, areKept = false): { codes: string[]; above: number } {
        let above = depth
        const codes = operands.map((operand, index) => {
            const { code, rooted: stays } = this.value(operand, above, isRaw)
            if (stays || !(areKept || operands.slice(index + 1).some(mayFail))) return code
            this.output.line(`${this.place(above)} = ${code};`)
            return this.place(above++)
        })
        return { codes, above }
    }

    /** Pushes all operands. */
    push(operands: Expression[], depth: number): void {
        operands.forEach((operand, index) => {
            const { code } = this.value(operand, depth + index)
            this.output.line(`${this.place(depth + index)} = ${code};`)
        })
    }

    protected keep(code: string): string {
        const name = this.output.temporary()
        this.output.line(`mote_value ${name} = ${code};`)
        return name
    }

    /** C that is true when the expression is. */
    condition(expression: Expression, depth: number): string {
        const { opcode, operands } = expression
        if (opcode === Op.not) return `!(${this.condition(operands[0], depth)})`
        if (opcode === Op.toBool) return this.condition(operands[0], depth)
        if (opcode === Op.true) return "true"
        if (this.output.isSmall(expression)) return `${this.integer(expression).code} != 0`
        const compared = this.comparison(expression)
        if (compared !== undefined) return compared
        const tested = operands.length > 0 && opcode in tests ? operands : [expression]
        const { codes } = this.values(tested, depth, !comparesValues(expression))
        if (!(opcode in tests)) return `mote_translated_truth(vm, ${codes[0]})`
        if (operands.some((operand) => unique.has(operand.opcode))) {
            if (opcode === Op.eq) return `${codes[0]} == ${codes[1]}`
            if (opcode === Op.ne) return `${codes[0]} != ${codes[1]}`
        }
        const other = operands.findIndex(({ opcode: of }) => of !== Op.undefined && of !== Op.null)
        if (operands.length === 2 && operands.some(({ opcode: of }) => of === Op.undefined || of === Op.null)) {
            const nullish = other < 0 ? "true" : `is_nullish(${codes[other]})`
            if (opcode === Op.approxEq) return nullish
            if (opcode === Op.approxNe) return `!${nullish}`
        }
        const isSmall = operands.some((operand) => this.output.isSmall(operand))
        if (isSmall && (opcode === Op.eq || opcode === Op.ne)) return `${codes[0]} ${COMPARISONS[opcode]} ${codes[1]}`
        return quickTest(expression, codes[0], codes[1]) ?? tests[opcode](codes[0], codes[1])
    }
}
