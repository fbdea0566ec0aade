import { doesNotThrow, throws } from "node:assert/strict"
import { isCall } from "../../../host/image/ir/expressions.js"
import { Op } from "../../../host/image/ir/operations.js"
import { type ImageProgram, type Statement, walkProgram } from "../../../host/image/ir/program.js"
import { readImage } from "../../../host/image/ir/read.js"
import { VerificationError } from "../../../host/image/ir/verify.js"
import { PassManager } from "../../../host/image/pass-manager.js"
import { program, programImage } from "../../machine/images.js"

const SOURCE = program(
    "function first(list: number[]): number {",
    "    for (const each of list) if (each > 2) return each",
    "    try { return list[9] + 1 } catch (e: any) { console.log(e) }",
    "    return -1",
    "}",
    "console.log(first([1, 2, 3]))",
)

function statements({ functions }: ImageProgram): Statement[] {
    return functions.flatMap(({ body }) => body)
}

function find(all: Statement[], test: (each: Statement) => boolean): Statement {
    const found = all.find(test)
    if (found === undefined) throw new Error("the program has no such statement")
    return found
}

/** What a pass may do wrong, and the rule that it breaks. */
const BROKEN: { name: string; rule: RegExp; pass: (broken: ImageProgram) => void }[] = [
    {
        name: "removes a statement that is jumped to",
        rule: /a jump out of the function/,
        pass: (broken) => {
            const { target } = find(statements(broken), ({ opcode }) => opcode === Op.jmpZ)
            for (const entry of broken.functions) entry.body = entry.body.filter((each) => each !== target)
        },
    },
    {
        name: "removes the return at the end",
        rule: /control flow leaves the end/,
        pass: (broken) => void broken.functions[0].body.pop(),
    },
    {
        name: "gives a variable a slot behind the function's last",
        rule: /Local refers to \d+, which is out of bounds/,
        pass: (broken) => {
            for (const entry of broken.functions) entry.slots = entry.arguments
        },
    },
    {
        name: "shares an operation between two trees",
        rule: /an operation is shared by two trees/,
        pass: (broken) => {
            const call = find(statements(broken), (each) => isCall(each) && each.operands.length > 1)
            for (const { body } of broken.functions)
                for (const each of body) if (each.opcode === Op.return) each.operands = [call.operands[1]]
        },
    },
    {
        name: "leaves out an argument, but not from the opcode",
        rule: /call1 has 1 operands/,
        pass: (broken) => void find(statements(broken), ({ opcode }) => opcode === Op.call1).operands.pop(),
    },
    {
        name: "moves a handler's start",
        rule: /a try whose target is no handler/,
        pass: (broken) => {
            for (const { body } of broken.functions)
                for (const each of body) if (each.opcode === Op.try) each.target = body[0]
        },
    },
    {
        name: "drops functions and does not renumber references",
        rule: /staticFunction refers to \d+, which is out of bounds/,
        pass: (broken) => void broken.functions.splice(1),
    },
    {
        name: "nests more operands than the stack holds",
        rule: /operands are deeper than the stack/,
        pass: (broken) => {
            const each = find(statements(broken), ({ opcode }) => opcode === Op.return)
            const { origin } = each
            const zero = { opcode: Op.literal, value: 0, operands: [], origin }
            let [value] = each.operands
            for (let i = 0; i < 20; i++) value = { opcode: Op.add, value: 0, operands: [{ ...zero }, value], origin }
            each.operands = [value]
        },
    },
]

describe("the verifier between optimizer passes", function () {
    this.timeout(60000)
    const compiled = (): ImageProgram => readImage(programImage(SOURCE))

    it("accepts what the compiler writes", () => {
        doesNotThrow(() => {
            new PassManager(compiled(), true).run("nothing", () => undefined)
        })
    })

    for (const { name, rule, pass } of BROKEN)
        it(`names a pass that ${name}`, () => {
            const isNamed = ({ message }: Error): boolean => /^after the broken pass: function \d+: /.test(message)
            throws(
                () => {
                    new PassManager(compiled(), true).run("the broken pass", pass)
                },
                (error) => error instanceof VerificationError && rule.test(error.message) && isNamed(error),
            )
        })

    it("is off unless it is asked for", () => {
        doesNotThrow(() => {
            new PassManager(compiled(), false).run("a broken pass", (broken) => {
                walkProgram(broken, (each) => (each.operands = []))
            })
        })
    })
})
