import { COMPUTED } from "../type-sidecar.js"
import { FIRST_MULTIBYTE, FIRST_SMALL_INT, Op, operation, SMALL_INT_ZERO } from "./operations.js"
import type { Expression, ImageFunction, ImageProgram, Origin, Statement } from "./program.js"
import { HEADER, ImageError, NOTE, SECTIONS } from "./read.js"

/* Program to image, with jumps and numbers in their shortest form. */

/** Where an operation of the new image came from. */
export interface Mark {
    /** bytes from the image's start */
    at: number
    origin: Origin
}

export interface WrittenImage {
    image: Buffer
    marks: Mark[]
    /** offset and size of every function's code, bytes */
    code: { start: number; size: number }[]
}

function immediate(value: number): number[] {
    if (value >= 0 && value < FIRST_MULTIBYTE) return [value]
    const bytes: number[] = []
    for (let rest = Math.abs(value); rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256)
    return [FIRST_MULTIBYTE + bytes.length - 1 + (value < 0 ? 4 : 0), ...bytes]
}

/** Size of an operation alone, without its operands; of a jump, in its shortest form. */
export function encodedSize({ opcode, value }: Expression): number {
    const small = value + SMALL_INT_ZERO
    if (opcode === Op.literal && small >= FIRST_SMALL_INT && small < 256) return 1
    const kind = operation(opcode)?.immediate
    if (kind === "none") return 1
    return kind === "jump" ? 2 : 1 + immediate(value).length
}

/** Encodes one function. Branch relaxation: jumps start in the shortest form and grow until all distances fit. */
class CodeWriter {
    private readonly bytes: number[] = []
    private readonly marks: Mark[] = []
    private readonly starts = new Map<Statement, number>()
    private readonly jumps: { at: number; target: Statement; statement: Statement }[] = []

    constructor(private readonly sizes: Map<Statement, number>) {}

    write(body: Statement[]): { bytes: Buffer; marks: Mark[]; fits: boolean } {
        for (const statement of body) {
            this.starts.set(statement, this.bytes.length)
            this.expression(statement)
        }
        const bytes = Buffer.from(this.bytes)
        const fits = this.jumps.map((jump) => this.patch(bytes, jump)).every((fit) => fit)
        return { bytes, marks: this.marks, fits }
    }

    private expression(expression: Expression): void {
        for (const operand of expression.operands) this.expression(operand)
        this.marks.push({ at: this.bytes.length, origin: expression.origin })
        const { opcode, value } = expression
        const small = value + SMALL_INT_ZERO
        if (opcode === Op.literal && small >= FIRST_SMALL_INT && small < 256) {
            this.bytes.push(small)
            return
        }
        this.bytes.push(opcode)
        const kind = operation(opcode)?.immediate
        if (kind === "jump") this.jump(expression as Statement)
        else if (kind !== "none") this.bytes.push(...immediate(value))
    }

    private jump(statement: Statement): void {
        if (statement.target === null) throw new ImageError("a jump without a target")
        this.jumps.push({ at: this.bytes.length - 1, target: statement.target, statement })
        for (let i = this.sizes.get(statement) ?? 1; i > 0; i--) this.bytes.push(0)
    }

    private patch(bytes: Buffer, jump: { at: number; target: Statement; statement: Statement }): boolean {
        const start = this.starts.get(jump.target)
        if (start === undefined) throw new ImageError("a jump out of its function")
        const distance = immediate(start - jump.at)
        const room = this.sizes.get(jump.statement) ?? 1
        if (distance.length > room) {
            this.sizes.set(jump.statement, distance.length)
            return false
        }
        // A distance that needs less than its room is written in the longer form.
        const value = start - jump.at
        if (distance.length === room) bytes.set(distance, jump.at + 1)
        else {
            bytes[jump.at + 1] = FIRST_MULTIBYTE + room - 2 + (value < 0 ? 4 : 0)
            bytes.writeUIntBE(Math.abs(value), jump.at + 2, room - 1)
        }
        return true
    }
}

function writeCode(entry: ImageFunction): { bytes: Buffer; marks: Mark[] } {
    const sizes = new Map<Statement, number>()
    for (;;) {
        const { bytes, marks, fits } = new CodeWriter(sizes).write(entry.body)
        if (fits) return { bytes, marks }
    }
}

function padded(bytes: Buffer, multiple: number): Buffer {
    return Buffer.concat([bytes, Buffer.alloc((multiple - (bytes.length % multiple)) % multiple)])
}

/** String data with suffix sharing: a text that another one ends with takes no bytes of its own. */
class StringData {
    private data: Buffer = Buffer.alloc(0)

    /** @returns its offset */
    ascii(text: Buffer): number {
        const whole = Buffer.concat([text, Buffer.alloc(1)])
        const at = this.data.indexOf(whole)
        return at >= 0 ? at : this.append(whole)
    }

    append(bytes: Buffer, alignment = 1): number {
        this.data = padded(this.data, alignment)
        this.data = Buffer.concat([this.data, bytes])
        return this.data.length - bytes.length
    }

    bytes(): Buffer {
        return padded(Buffer.concat([this.data, Buffer.alloc(1)]), 4)
    }
}

function table(values: number[], size: number): Buffer {
    const bytes = Buffer.alloc(values.length * size)
    values.forEach((value, i) => bytes.writeUIntLE(value, i * size, size))
    return padded(bytes, 4)
}

/** Longest first, so that a text's suffixes are found in it; the results keep the order of `texts`. */
function asciiOffsets(texts: Buffer[], data: StringData): number[] {
    const order = texts.map((_, i) => i).sort((a, b) => texts[b].length - texts[a].length)
    const offsets: number[] = []
    for (const i of order) offsets[i] = data.ascii(texts[i])
    // The table's length is a multiple of 4 bytes, and loaders take its padding for an entry, so the padding must be a
    // valid text.
    if (offsets.length % 2 === 1) offsets.push(offsets[0])
    return offsets
}

function functionTable(program: ImageProgram, code: { start: number; size: number }[]): Buffer {
    const bytes = Buffer.alloc(16 * program.functions.length)
    program.functions.forEach((entry, i) => {
        bytes.writeUInt32LE(code[i].start, 16 * i)
        bytes.writeUInt32LE(code[i].size, 16 * i + 4)
        bytes.writeUInt16LE(entry.slots, 16 * i + 8)
        bytes[16 * i + 10] = entry.arguments
        bytes[16 * i + 11] = entry.flags
        bytes.writeUInt16LE(entry.name, 16 * i + 12)
        bytes[16 * i + 14] = entry.tries
    })
    return bytes
}

/** Assembles a program. */
export function writeImage(program: ImageProgram): WrittenImage {
    const marks: Mark[] = []
    const code: { start: number; size: number }[] = []
    const bodies: Buffer[] = []
    let at = HEADER + 8 * SECTIONS + 16 * program.functions.length
    for (const entry of program.functions) {
        const written = writeCode(entry)
        const bytes = padded(written.bytes, 4)
        for (const mark of written.marks) marks.push({ at: at + mark.at, origin: mark.origin })
        code.push({ start: at, size: bytes.length })
        bodies.push(bytes)
        at += bytes.length
    }
    const data = new StringData()
    const utf8 = program.utf8.map((entry) => data.append(Buffer.concat([entry, Buffer.alloc(1)]), 2))
    const ascii = asciiOffsets(program.ascii, data)
    const buffers = program.buffers.flatMap((bytes) => [data.append(bytes), bytes.length])
    const sections = [functionTable(program, code), Buffer.concat(bodies), Buffer.concat(program.floats)]
    sections.push(Buffer.alloc(0), table(ascii, 2), table(utf8, 4), table(buffers, 4))
    sections.push(data.bytes(), program.specs, program.configuration)
    return { image: Buffer.concat([header(program, sections), ...sections]), marks, code }
}

function header(program: ImageProgram, sections: Buffer[]): Buffer {
    const bytes = Buffer.alloc(HEADER + 8 * SECTIONS)
    bytes.writeUInt32LE(0x53766544, 0)
    bytes.writeUInt32LE(0xf1296e0a, 4)
    bytes.writeUInt32LE(program.version, 8)
    bytes.writeUInt16LE(program.globals, 12)
    bytes.writeUInt16LE(program.specCount, 14)
    bytes[NOTE] = program.computed === undefined ? 0 : COMPUTED.indexOf(program.computed) + 1
    let start = bytes.length
    sections.forEach((section, i) => {
        bytes.writeUInt32LE(start, HEADER + 8 * i)
        bytes.writeUInt32LE(section.length, HEADER + 8 * i + 4)
        start += section.length
    })
    return bytes
}
