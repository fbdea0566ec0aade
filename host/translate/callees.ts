import { isCaptured } from "../image/passes/facts.js"
import { Op } from "../image/operations.js"
import { type Expression, FunctionFlag, type ImageFunction, type ImageProgram } from "../image/program.js"
import { type Classes, type Method } from "./classes.js"
import { fieldWord, UNDEFINED } from "./words.js"

const DEVICE_SCRIPT = 21

/** What the functions of one program call each other by, in C. */
export class Callees {
    /** constructors by the number that the C knows them by */
    readonly constructors: number[]
    /** words of the names that natives are called by */
    readonly natives: string[] = []
    private readonly dispatchers = new Map<string, string>()
    private readonly entered = new Set<number>()

    constructor(
        private readonly program: ImageProgram,
        private readonly classes: Classes,
    ) {
        this.constructors = this.classes.constructors()
    }

    /** C that enters the function when it is known which one is called; it takes as many arguments as that declares. */
    direct({ opcode, value, operands }: Expression): ImageFunction | undefined {
        if (opcode === Op.staticFunction) return this.enter(value)
        const [made] = operands
        if (opcode !== Op.new || made.opcode !== Op.staticFunction) return undefined
        const { flags } = this.program.functions[made.value]
        return (flags & FunctionFlag.constructor) === 0 ? undefined : this.enter(made.value)
    }

    private enter(index: number): ImageFunction | undefined {
        const found = this.program.functions[index]
        // Those take as many arguments as there are.
        if ((found.flags & FunctionFlag.restArgument) !== 0) return undefined
        this.entered.add(index)
        return found
    }

    /** C that calls a method of the object at base[0]; undefined when nothing is known of the field. */
    method(field: Expression, count: number): string | undefined {
        const key = fieldWord(field)
        const methods = this.classes.methodsOf(field).filter(({ functionIndex }) => this.enter(functionIndex) !== undefined)
        if (key === undefined || methods.length === 0) return undefined
        const name = `m${key}_${count}`
        if (!this.dispatchers.has(name)) this.dispatchers.set(name, this.dispatcher(name, key, methods, count))
        return name
    }

    private dispatcher(name: string, key: string, methods: Method[], count: number): string {
        const ways = methods.map(({ constructorIndex, functionIndex }) => {
            const { arguments: declared } = this.program.functions[functionIndex]
            const missing = missingArguments(count, declared - 1).map((place) => `base[${place}] = ${UNDEFINED};`)
            const number = this.constructors.indexOf(constructorIndex)
            const call = [...missing, `return c${functionIndex}(vm, base, at);`].join(" ")
            return `    if (translated_is_of(vm, base[0], ${number})) { ${call} }`
        })
        return [
            `static bool ${name}(mote_vm *vm, mote_value *base, uint32_t at)`,
            "{",
            ...ways,
            `    return call_method(vm, base, ${count}, at, ${key});`,
            "}",
            "",
        ].join("\n")
    }

    /** Number of the name by which DeviceScript's own object is asked for a native; undefined for other fields. */
    native(field: Expression): number | undefined {
        const { opcode, operands } = field
        const key = opcode === Op.dsField ? fieldWord({ ...field, opcode: Op.builtinField }) : fieldWord(field)
        const [object] = operands
        const ofDevice = opcode === Op.dsField || (object?.opcode === Op.builtinObject && object.value === DEVICE_SCRIPT)
        if (key === undefined || !ofDevice) return undefined
        if (!this.natives.includes(key)) this.natives.push(key)
        return this.natives.indexOf(key)
    }

    /** Everything that functions call, once all of them are written. */
    write(): string {
        const entries = [...this.entered].map((index) => entryOf(index, this.program.functions[index]))
        const declared = [...this.entered].map((index) => `static mote_translated f${index};`)
        return [...declared, "", ...entries, ...this.dispatchers.values()].join("\n")
    }
}

function entryOf(index: number, entry: ImageFunction): string {
    const { slots, tries, arguments: given, flags } = entry
    const has = (flag: number): boolean => (flags & flag) !== 0
    const declared = has(FunctionFlag.needsThis) ? given - 1 : given
    const begin = isCaptured(entry)
        ? `call_begin(vm, base, ${declared}, at, ${index})`
        : "translated_begin(vm, base, at, entry)"
    const facts = [
        `.index = ${index}, .slots = ${slots}, .tries = ${tries}, .arguments = ${given}`,
        `.method = ${has(FunctionFlag.needsThis)}, .constructs = ${has(FunctionFlag.constructor)}`,
    ]
    return [
        `static bool c${index}(mote_vm *vm, mote_value *base, uint32_t at)`,
        "{",
        ...(isCaptured(entry) ? [] : [`    static const translated_entry entry = {${facts.join(", ")}};`]),
        `    return ${begin} && f${index}(vm, 0);`,
        "}",
        "",
    ].join("\n")
}

/** Places behind the receiver that a call with `count` arguments leaves open. */
export function missingArguments(count: number, declared: number): number[] {
    return Array.from({ length: Math.max(0, declared - count) }, (_, i) => count + 1 + i)
}
