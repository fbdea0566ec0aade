import { COMPUTED, UNDOUBTED } from "../type-sidecar.js"
import { builtinString, FIRST_MULTIBYTE, FIRST_SMALL_INT, Op, operation, SMALL_INT_ZERO } from "./operations.js"
import { type Expression, type ImageFunction, type ImageProgram, type Statement, walk } from "./program.js"
import { REFERRING } from "./references.js"

/* Image to program. */

export const HEADER = 32
export const SECTIONS = 10
/** Where the header notes whose names are computed: in bytes that the format reserves, which no machine reads. */
export const NOTE = 16

/** Order of the section table. */
export const Section = {
    functions: 0,
    code: 1,
    floats: 2,
    roles: 3,
    ascii: 4,
    utf8: 5,
    buffers: 6,
    stringData: 7,
    specs: 8,
    configuration: 9,
}

/** Thrown for an image that this compiler did not write; the machine's own loader has the same rules and more. */
export class ImageError extends Error {}

class CodeReader {
    private at: number

    constructor(
        private readonly image: Buffer,
        start: number,
        private readonly end: number,
    ) {
        this.at = start
    }

    /** All statements of a function; jumps are resolved to the statements they lead to. */
    read(): Statement[] {
        const body: Statement[] = []
        const starts = new Map<number, Statement>()
        const ends = new Map<Statement, number>()
        while (this.at < this.end && !(this.image[this.at] === 0 && this.end - this.at < 4)) {
            const start = this.at
            const statement = this.statement()
            starts.set(start, statement)
            ends.set(statement, this.at)
            body.push(statement)
        }
        for (const statement of body) {
            if (operation(statement.opcode)?.immediate !== "jump") continue
            const target = starts.get(statement.origin.at + statement.value)
            if (target === undefined) throw new ImageError(`a jump at ${statement.origin.at} leads into a statement`)
            statement.target = target
            statement.value = 0
        }
        return body
    }

    private statement(): Statement {
        const stack: Expression[] = []
        for (;;) {
            const { expression, ended } = this.operation(stack)
            if (ended) return Object.assign(expression, { target: null })
            stack.push(expression)
        }
    }

    private operation(stack: Expression[]): { expression: Expression; ended: boolean } {
        const origin = { at: this.at }
        const opcode = this.image[this.at++]
        if (opcode >= FIRST_SMALL_INT)
            return {
                expression: { opcode: Op.literal, value: opcode - SMALL_INT_ZERO, operands: [], origin },
                ended: false,
            }
        const entry = operation(opcode)
        if (entry === undefined || stack.length < entry.operands || this.at > this.end)
            throw new ImageError(`no operation at ${origin.at}`)
        const operands = stack.splice(stack.length - entry.operands)
        const value = entry.immediate === "none" ? 0 : this.immediate()
        const ended = entry.kind !== "expression"
        if (ended && stack.length > 0) throw new ImageError(`operands are left at ${origin.at}`)
        return { expression: { opcode, value, operands, origin }, ended }
    }

    private immediate(): number {
        const first = this.image[this.at++]
        if (first < FIRST_MULTIBYTE) return first
        const length = (first & 3) + 1
        const value = this.image.readUIntBE(this.at, length)
        this.at += length
        return (first & 4) !== 0 ? -value : value
    }
}

/** Parses an image. Throws ImageError for an invalid one. */
export function readImage(image: Buffer): ImageProgram {
    if (image.length < HEADER + 8 * SECTIONS || image.readUInt32LE(0) !== 0x53766544)
        throw new ImageError("this is no DeviceScript image")
    const sections = Array.from({ length: SECTIONS }, (_, index) => {
        const entry = HEADER + 8 * index
        const start = image.readUInt32LE(entry)
        return image.subarray(start, start + image.readUInt32LE(entry + 4))
    })
    const texts = sections[Section.stringData]
    const functions = entries(sections[Section.functions], 16).map((entry) => readFunction(image, entry))
    return {
        version: image.readUInt32LE(8),
        globals: image.readUInt16LE(12),
        specCount: image.readUInt16LE(14),
        functions,
        setup: setupOf(functions),
        floats: entries(sections[Section.floats], 8),
        ascii: entries(sections[Section.ascii], 2).map((entry) => untilNul(texts, entry.readUInt16LE())),
        utf8: entries(sections[Section.utf8], 4).map((entry) => utf8Entry(texts, entry.readUInt32LE())),
        buffers: entries(sections[Section.buffers], 8).map((entry) => {
            const start = entry.readUInt32LE()
            return texts.subarray(start, start + entry.readUInt32LE(4))
        }),
        specs: sections[Section.specs],
        configuration: sections[Section.configuration],
        types: UNDOUBTED,
        computed: image[NOTE] === 0 ? undefined : COMPUTED.at(image[NOTE] - 1),
    }
}

/**
 * The function that main calls first, if it is straight-line code that calls only Object.setPrototypeOf, and nothing
 * else refers to it. The compiler makes it function 1.
 */
function setupOf(functions: ImageFunction[]): ImageFunction | null {
    const [first] = functions[0].body
    if (first.opcode !== Op.call0 || first.operands[0].opcode !== Op.staticFunction) return null
    const index = first.operands[0].value
    const setup = functions[index]
    if (!setup.body.every(isSetupStatement)) return null
    let references = 0
    const count = ({ opcode, value }: Expression): void => {
        if (REFERRING.function.includes(opcode) && value === index) references++
    }
    for (const { body } of functions) for (const each of body) walk(each, count)
    return references === 1 ? setup : null
}

const SETUP_STATEMENTS = new Set([Op.indexSet, Op.storeLocal, Op.return])

function isSetupStatement({ opcode, operands: [callee] }: Statement): boolean {
    if (SETUP_STATEMENTS.has(opcode)) return true
    return opcode === Op.call2 && callee.opcode === Op.objectField && callee.value === builtinString("setPrototypeOf")
}

function entries(section: Buffer, size: number): Buffer[] {
    return Array.from({ length: Math.floor(section.length / size) }, (_, i) =>
        section.subarray(i * size, (i + 1) * size),
    )
}

function untilNul(texts: Buffer, start: number): Buffer {
    return texts.subarray(start, texts.indexOf(0, start))
}

function utf8Entry(texts: Buffer, start: number): Buffer {
    const jumps = texts.readUInt16LE(start + 2) >> 4
    return texts.subarray(start, start + 4 + 2 * jumps + texts.readUInt16LE(start))
}

function readFunction(image: Buffer, entry: Buffer): ImageFunction {
    const start = entry.readUInt32LE()
    const size = entry.readUInt32LE(4)
    return {
        name: entry.readUInt16LE(12),
        slots: entry.readUInt16LE(8),
        arguments: entry[10],
        flags: entry[11],
        tries: entry[14],
        captured: new Set(),
        body: new CodeReader(image, start, start + size).read(),
        start,
        size,
    }
}
