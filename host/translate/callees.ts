import type { ClassModel, Method } from "../image/analyses/class-model.js"
import { isCaptured } from "../image/ir/expressions.js"
import { fieldKey } from "../image/ir/names.js"
import { builtinObject, builtinString, Op } from "../image/ir/operations.js"
import { type Expression, FunctionFlag, type ImageFunction, type ImageProgram } from "../image/ir/program.js"
import { MOST_FIELDS } from "./shapes.js"
import type { Chosen } from "./translate.js"
import { builtinWord, fieldWord, LINK_WORDS, UNDEFINED } from "./words.js"

/** Builtin objects whose fields have operations of their own. */
export const BUILTIN_FIELDS: Record<number, number> = {
    [Op.mathField]: builtinObject("Math"),
    [Op.objectField]: builtinObject("Object"),
    [Op.dsField]: builtinObject("DeviceScript"),
}

/** Natives with a fast path in firmware/translated/quick.c, by name and number of arguments. */
const QUICK: Record<string, string | undefined> = {
    "readUIntBE 2": "mote_translated_read_uint",
    "writeUIntBE 3": "mote_translated_write_uint",
    "blitAt 4": "mote_translated_blit",
    "push 1": "mote_translated_push",
}
const COPY = "copyBytesFrom 3"

/** The machine's builtin strings that are keys of QUICK. */
const BUILTIN_NAMES: Record<number, string | undefined> = Object.fromEntries(
    (["blitAt", "push"] as const).map((name) => [builtinString(name), name]),
)

/** The name of the field that is read; undefined when it is not plain text. */
function textOf({ ascii }: ImageProgram, { opcode, value }: Expression): string | undefined {
    if (opcode === Op.builtinField) return BUILTIN_NAMES[value]
    return opcode === Op.asciiField ? ascii[value].toString() : undefined
}

const BUFFER = builtinObject("Buffer")

/** A call of a field of an object. */
export interface FieldCall {
    call: string
    /** the expression of the object, or its word as C if it is a builtin one */
    object: Expression | string
}

/** A call of a known function, and how many arguments it needs behind the receiver. */
export interface DirectCall {
    call: string
    declared: number
}

/** How the translated functions of one program call each other. */
export class Callees {
    /** constructors that are translated, or whose classes have or inherit methods; the C refers to them by their index here */
    readonly constructors: number[]
    /** fields of builtin objects that are called, as C: the object and the name's word */
    readonly natives: string[] = []
    private readonly dispatchers = new Map<string, string>()
    private readonly entered = new Set<number>()

    /**
     * @param fieldCount how many fields a constructor's objects probably have
     */
    constructor(
        private readonly program: ImageProgram,
        private readonly classes: ClassModel,
        private readonly chosen: Chosen,
        private readonly fieldCount: (constructor: number) => number,
    ) {
        const { withMethods, withObjects } = classes
        const made = [...withObjects].filter((index) => chosen.functions.has(index) || classes.isDerived(index))
        this.constructors = [...new Set([...withMethods, ...made])].sort((a, b) => a - b)
    }

    /** Whether only some functions are C, as in a firmware that has little flash. */
    get isSmall(): boolean {
        return this.chosen.entries.size < this.chosen.functions.size
    }

    /** The number in the C of a constructor's class; undefined: it has none. */
    classNumber(constructorIndex: number): number | undefined {
        const number = this.constructors.indexOf(constructorIndex)
        return number < 0 ? undefined : number
    }

    /** The function that a call runs, if the program's text determines it. */
    private known({ opcode, value, operands }: Expression): number | undefined {
        if (opcode === Op.staticFunction) return value
        const [made] = operands
        if (opcode !== Op.new || made.opcode !== Op.staticFunction) return undefined
        const { flags } = this.program.functions[made.value]
        return (flags & FunctionFlag.constructor) === 0 ? undefined : made.value
    }

    /** C that runs a known function, and how many arguments it takes; undefined for an unknown one. */
    direct(callee: Expression, count: number, at: number): DirectCall | undefined {
        const index = this.known(callee)
        if (index === undefined) return undefined
        const entry = this.enter(index)
        if (entry !== undefined) return { call: `c${index}(vm, ${at})`, declared: declaredArguments(entry) }
        return { call: `mote_translated_call_function(vm, ${count}, ${at}, ${index})`, declared: 0 }
    }

    /**
     * A function that C may enter directly; undefined for those that are interpreted, make closures, take any number of
     * arguments, or construct objects of an unknown class.
     */
    private enter(index: number): ImageFunction | undefined {
        const found = this.program.functions[index]
        const { flags } = found
        const constructs = (flags & FunctionFlag.constructor) !== 0
        if (!this.chosen.functions.has(index) || isCaptured(found) || (flags & FunctionFlag.restArgument) !== 0)
            return undefined
        if (constructs && !this.constructors.includes(index)) return undefined
        this.entered.add(index)
        return found
    }

    /** C that runs a known method. */
    private run(index: number, count: number): string {
        const entry = this.enter(index)
        if (entry === undefined) return `return mote_translated_call_function(vm, ${count}, at, ${index});`
        const missing = missingArguments(count, declaredArguments(entry)).map((i) => `base[${i}] = ${UNDEFINED};`)
        return [...missing, `return c${index}(vm, at);`].join(" ")
    }

    /** C that calls a method of the object at the bottom of the operand stack; undefined when the field is unknown. */
    private method(field: Expression, count: number): string | undefined {
        const key = fieldWord(field)
        const methods = this.classes.methodsOfObjects(fieldKey(field) ?? "")
        if (key === undefined || !methods.some(({ functionIndex }) => this.chosen.functions.has(functionIndex)))
            return undefined
        const name = `m${key}_${count}`
        if (!this.dispatchers.has(name)) this.dispatchers.set(name, this.dispatcher(name, field, methods, count))
        return name
    }

    private dispatcher(name: string, field: Expression, methods: Method[], count: number): string {
        const key = fieldWord(field)
        const mayBeOwn = this.classes.mayBeOwn(fieldKey(field) ?? "")
        const ways = methods.map(({ constructorIndex, functionIndex }) => {
            const number = this.constructors.indexOf(constructorIndex)
            return `    if (class == vm->class_prototypes[${number}]) { ${this.run(functionIndex, count)} }`
        })
        const other = `return mote_translated_call_method(vm, ${count}, at, ${key});`
        const isOwn = `class != MOTE_UNDEFINED && mote_translated_has_own(vm, base[0], ${key})`
        return [
            `static bool ${name}(mote_vm *vm, uint32_t at)`,
            "{",
            "    mote_value *base = vm->operands;",
            "    mote_value class = mote_translated_class_of(vm, base[0]);",
            ...(mayBeOwn ? [`    if (${isOwn}) ${other}`] : []),
            ...ways,
            `    ${other}`,
            "}",
            "",
        ].join("\n")
    }

    /** A call of a builtin object's field of this name; undefined for other fields. */
    private builtin(field: Expression, count: number, at: number): FieldCall | undefined {
        const { opcode, operands } = field
        const owner = opcode in BUILTIN_FIELDS ? BUILTIN_FIELDS[opcode] : undefined
        const [object] = operands
        const of = object?.opcode === Op.builtinObject ? object.value : owner
        const key = owner === undefined ? fieldWord(field) : fieldWord({ ...field, opcode: Op.builtinField })
        if (key === undefined || of === undefined) return undefined
        const entry = `{${of}, ${key}}`
        if (!this.natives.includes(entry)) this.natives.push(entry)
        const number = this.natives.indexOf(entry)
        const isCopy = of === BUFFER && `${textOf(this.program, field)} ${count}` === COPY
        const call = isCopy
            ? `mote_translated_copy(vm, ${at}, ${number})`
            : `mote_translated_native(vm, ${count}, ${at}, ${number})`
        return { call, object: builtinWord(of) }
    }

    /** C that calls a field of the object at the bottom of the operand stack. */
    field(field: Expression, count: number, at: number): FieldCall {
        const builtin = this.builtin(field, count, at)
        if (builtin !== undefined) return builtin
        const [object] = field.operands
        const key = fieldWord(field) as string
        const quick = QUICK[`${textOf(this.program, field)} ${count}`]
        if (quick !== undefined && !this.classes.isDynamic && !this.classes.isStored(fieldKey(field) ?? ""))
            return { call: `${quick}(vm, ${at}, ${key})`, object }
        const method = this.method(field, count)
        if (method !== undefined) return { call: `${method}(vm, ${at})`, object }
        return { call: `mote_translated_call_method(vm, ${count}, ${at}, ${key})`, object }
    }

    /** C of the object that a constructor called by `new` starts with, for `at`, its class and its number of fields. */
    private makeObject(index: number): string {
        const declared = declaredArguments(this.program.functions[index])
        const fields = Math.min(MOST_FIELDS, this.fieldCount(index))
        return `mote_translated_make_object(vm, ${declared}, at, ${this.constructors.indexOf(index)}, ${fields})`
    }

    /**
     * Entry functions and dispatchers; after all functions are written.
     * @param leafOf C that tries a function without an activation, if it can
     */
    write(leafOf: (index: number) => string[] | undefined): string {
        const entries = [...this.entered].map((index) => {
            const isSmall = !this.chosen.entries.has(index)
            const leaf = isSmall ? undefined : leafOf(index)
            return entryOf(index, this.program.functions[index], this.makeObject(index), isSmall, leaf ?? [])
        })
        const declared = [...this.entered].map((index) => `static mote_translated f${index};`)
        return [...declared, "", ...entries, ...this.dispatchers.values()].join("\n")
    }
}

/**
 * @param object C of a new object, for constructors
 * @param isSmall whether to optimize for size
 * @param leaf C that tries it without an activation
 */
function entryOf(index: number, entry: ImageFunction, object: string, isSmall: boolean, leaf: string[]): string {
    const { slots, tries, arguments: given, flags } = entry
    const has = (flag: number): boolean => (flags & flag) !== 0
    const declared = declaredArguments(entry)
    const first = has(FunctionFlag.needsThis) ? 0 : 1
    const [locals, tryWords, operands] = [given, slots, slots + tries + LINK_WORDS].map((count) => 4 * (first + count))
    const facts = [
        `.index = ${index}, .operands = ${operands}, .locals = ${locals}, .tries = ${tryWords}`,
        `.given = ${declared}, .method = ${has(FunctionFlag.needsThis)}`,
    ]
    const makes = has(FunctionFlag.constructor) ? [`    if (base[0] == ${UNDEFINED} && !${object}) return false;`] : []
    const clears = Array.from({ length: slots - given }, (_, i) => `base[${first + given + i}] = `)
    if (isSmall)
        return [
            `static bool c${index}(mote_vm *vm, uint32_t at)`,
            "{",
            `    static const translated_entry entry = {${facts.join(", ")}};`,
            ...(makes.length > 0 ? ["    const mote_value *base = vm->operands;"] : []),
            ...makes,
            "    return mote_translated_enter(vm, at, &entry);",
            "}",
            "",
        ].join("\n")
    return [
        `static bool c${index}(mote_vm *vm, uint32_t at)`,
        "{",
        "    mote_value *base = vm->operands;",
        `    static const translated_entry entry = {${facts.join(", ")}};`,
        "    if (!mote_translated_may_begin(vm, base, entry.operands))",
        `        return mote_translated_call_function(vm, ${declared}, at, ${index});`,
        ...leaf,
        ...makes,
        ...(clears.length > 0 ? [`    ${clears.join("")}${UNDEFINED};`] : []),
        "    mote_translated_begin(vm, base, at, entry);",
        `    return f${index}(vm, 0);`,
        "}",
        "",
    ].join("\n")
}

/** Without `this`. */
const declaredArguments = ({ arguments: all, flags }: ImageFunction): number =>
    (flags & FunctionFlag.needsThis) === 0 ? all : all - 1

/** Operands after the receiver that a call with `count` arguments leaves undefined. */
export function missingArguments(count: number, declared: number): number[] {
    return Array.from({ length: Math.max(0, declared - count) }, (_, i) => count + 1 + i)
}
