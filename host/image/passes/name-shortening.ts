import type { ClassModel } from "../analyses/class-model.js"
import type { ProgramFacts } from "../analyses/program-facts.js"
import { TypeInference } from "../analyses/type-inference.js"
import { BUFFER, BUILTIN, CONSTANT, mayBe, NUMBER, TEXT, type Type } from "../analyses/types.js"
import { isCall } from "../ir/expressions.js"
import { builtinString, Op } from "../ir/operations.js"
import {
    type Expression,
    type ImageFunction,
    type ImageProgram,
    type Statement,
    stringIndex,
    StringKind,
    walk,
    walkProgram,
} from "../ir/program.js"
import { countUses, REFERRING } from "../ir/references.js"

/*
 * Name shortening: fields and methods get names of one to four characters, or names of the machine, which take no bytes in the
 * image. The debug file has the full ones.
 *
 * Precondition: `fieldNames` ran while every variable had a slot of its own; nothing after this pass looks names up by text.
 * Changes: texts, and look-ups and stores of fields.
 * Sound because a name is only replaced when it is a field or method everywhere, is never a text, and the program neither
 * computes keys nor has the machine list or print fields.
 */

/**
 * Control characters except NUL, tab and line ends: no identifier contains them, and hardly any text that is used as a
 * key.
 */
const MARKS = Array.from({ length: 31 }, (_, i) => i + 1)
    .filter((code) => code !== 9 && code !== 10 && code !== 13)
    .map((code) => String.fromCharCode(code))

/**
 * Distinct names of one to four characters. Those that follow a longer one are its suffixes, which share its bytes in the
 * image's string data.
 */
function* shortNamesOf(taken: Set<string>): Generator<string> {
    const used = new Set(taken)
    for (let seed = 0; seed < MARKS.length ** 3; seed++) {
        const [a, b, c, d] = [seed, seed / 28, seed / 784, seed].map((n) => MARKS[Math.floor(n) % MARKS.length])
        const name = `${d}${c}${b}${a}`
        for (let length = name.length; length > 0; length--) {
            const end = name.slice(-length)
            if (used.has(end)) continue
            used.add(end)
            yield end
        }
    }
}

/**
 * Names of the machine that only namespaces have (Math, Object, the machine's own), or objects that the program does
 * not use, or nothing: a field of this name hides nothing, and is found in no other object. They take no bytes in the
 * image.
 */
const MACHINE_NAMES = [
    "E",
    "LN10",
    "LN2",
    "LOG10E",
    "LOG2E",
    "PI",
    "SQRT1_2",
    "SQRT2",
    "abs",
    "cbrt",
    "ceil",
    "clamp",
    "exp",
    "floor",
    "idiv",
    "imod",
    "imul",
    "log",
    "log10",
    "log2",
    "max",
    "min",
    "pow",
    "random",
    "randomInt",
    "round",
    "sqrt",
    "DeviceScript",
    "Fiber",
    "Image",
    "JSON",
    "PacketSpec",
    "Role",
    "ServerInterface",
    "ServiceSpec",
    "_allocRole",
    "_commandResponse",
    "_dcfgString",
    "_i2cTransaction",
    "_serverSend",
    "_socketClose",
    "_socketOpen",
    "_socketWrite",
    "_twinMessage",
    "clearInterval",
    "clearTimeout",
    "cloud",
    "decrypt",
    "delay",
    "everyMs",
    "gpio",
    "isSimulator",
    "ledStripSend",
    "millis",
    "parseFloat",
    "parseInt",
    "reboot",
    "restart",
    "setInterval",
    "setTimeout",
    "sleep",
    "spiConfigure",
    "spiSendImage",
    "spiXfer",
    "suspend",
    "getPrototypeOf",
    "parse",
    "stringify",
    "assert",
    "array",
    "boolean",
    "function",
    "hex",
    "number",
    "object",
    "string",
    "undefined",
    "utf-8",
    "utf8",
    "onChange",
    "onConnected",
    "onDisconnected",
    "register",
    "signal",
    // Of service clients, which a program with short names does not have, and of images.
    "buffer",
    "isBound",
    "read",
    "write",
    "assign",
    "role",
    "deviceIdentifier",
    "shortId",
    "serviceIndex",
    "serviceCommand",
    "payload",
    "decode",
    "encode",
    "code",
    "isEvent",
    "eventCode",
    "isRegSet",
    "isRegGet",
    "regCode",
    "flags",
    "isReport",
    "isCommand",
    "sendCommand",
    "isAction",
    "spec",
    "classIdentifier",
    "lookup",
    "parent",
    "response",
    "notImplemented",
    "width",
    "height",
    "bpp",
    "get",
    "clone",
    "set",
    "fill",
    "flipX",
    "flipY",
    "transposed",
    "drawImage",
    "drawTransparentImage",
    "overlapsWith",
    "fillRect",
    "drawLine",
    "equals",
    "fillCircle",
    "blitRow",
    "blit",
    "type",
    "byCode",
] as const

/** The machine's names that the program uses neither as field names nor as texts. */
function freeMachineNames(program: ImageProgram): [string, number][] {
    const used = countUses(program, [Op.builtinField, Op.staticBuiltinString])
    return MACHINE_NAMES.map((name): [string, number] => [name, builtinString(name)]).filter(([, at]) => !used.has(at))
}

/** Replaces names of the program by names of the machine. */
function useMachineNames(facts: ProgramFacts, places: Map<number, number>): void {
    for (const entry of facts.program.functions)
        for (const each of entry.body)
            walk(each, (found) => {
                const place = REFERRING.ascii.includes(found.opcode) ? places.get(found.value) : undefined
                if (place === undefined) return
                found.opcode = found.opcode === Op.asciiField ? Op.builtinField : Op.staticBuiltinString
                found.value = place
                facts.forget(entry)
            })
}

/**
 * Gives short names to fields and methods.
 * @param fields what `fieldNames` found
 * @returns the full name of each short one, for the debug file
 */
export function shortenNames(
    program: ImageProgram,
    facts: ProgramFacts,
    fields: number[] | undefined,
): Record<string, string> {
    const names: Record<string, string> = {}
    // The specifications of services refer to the same names.
    if (program.specs.length > 0) return names
    const uses = countUses(program, REFERRING.ascii)
    const indexes = new Set([...facts.classes.methodNames(), ...(fields ?? [])])
    const shown = new Set(program.functions.map(({ name }) => name))
    const free = shortNamesOf(new Set(program.ascii.map((text) => text.toString("latin1"))))
    const ofMachine = fields === undefined ? [] : freeMachineNames(program)
    const places = new Map<number, number>()
    for (const index of indexes) {
        if (!uses.has(index) || shown.has(stringIndex(StringKind.ascii, index))) continue
        const full = program.ascii[index].toString("latin1")
        const [name, place] = ofMachine.shift() ?? []
        if (name !== undefined && place !== undefined) {
            names[name] = full
            places.set(index, place)
            continue
        }
        const next = free.next()
        if (next.done === true) break
        names[next.value] = full
        program.ascii[index] = Buffer.from(next.value)
    }
    useMachineNames(facts, places)
    return names
}

const FORMAT = builtinString("format")
const LOG_REPRESENTATION = builtinString("_logRepr")
/** Types that are printed without field names. */
const PLAIN: Type = NUMBER | TEXT | CONSTANT | BUFFER

/** Whether the machine may print an object with its fields. */
function printsObjects(program: ImageProgram, types: TypeInference): boolean {
    return program.functions.some((entry) => entry.body.some((each) => printsObject(entry, each, types)))
}

function printsObject(entry: ImageFunction, each: Statement, types: TypeInference): boolean {
    const isPrinter = ({ opcode, value, operands }: Expression): boolean => {
        if (value !== FORMAT && value !== LOG_REPRESENTATION) return false
        // Other objects have fields of this name, too.
        return (
            opcode === Op.dsField ||
            (opcode === Op.builtinField && mayBe(types.typeOf(entry, each, operands[0]), BUILTIN))
        )
    }
    const [callee, ...passed] = each.operands
    if (isCall(each) && isPrinter(callee))
        return passed.some((value) => (types.typeOf(entry, each, value) & ~PLAIN) !== 0n)
    const mentions = (found: Expression): boolean => isPrinter(found) || found.operands.some(mentions)
    return mentions(each)
}

/**
 * Indexes of the names that are used for fields of the program's objects and nothing else; undefined when the machine
 * may list or print fields, or when keys are computed. Every variable must have a slot of its own.
 */
export function fieldNames(program: ImageProgram, classes: ClassModel): number[] | undefined {
    const types = new TypeInference(program, classes)
    if (!types.isKnown || printsObjects(program, types)) return undefined
    const stored = new Set<number>()
    const others = new Set<number>()
    walkProgram(program, ({ opcode, operands }) => {
        operands.forEach((operand, place) => {
            if (operand.opcode === Op.asciiField && operand.operands[0].opcode === Op.builtinObject)
                others.add(operand.value)
            if (operand.opcode !== Op.staticAsciiString) return
            const isStore = opcode === Op.indexSet && place === 1 && operands[0].opcode !== Op.builtinObject
            if (isStore) stored.add(operand.value)
            else others.add(operand.value)
        })
    })
    return [...stored].filter((index) => !others.has(index) && !types.isNativeName(`ascii ${index}`))
}
