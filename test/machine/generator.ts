/** Deterministic random numbers: xorshift32. */
class Random {
    constructor(private state: number) {}

    below(limit: number): number {
        this.state ^= this.state << 13
        this.state ^= this.state >>> 17
        this.state ^= this.state << 5
        return (this.state >>> 0) % limit
    }

    pick<T>(items: T[]): T {
        return items[this.below(items.length)]
    }
}

/** Names in scope, by kind. */
interface Scope {
    numbers: string[]
    texts: string[]
    /** names of functions (number, number) => number */
    functions: string[]
    /** whether `break` and `continue` are allowed here */
    loop: boolean
    /** whether `return` is allowed here */
    returns: boolean
}

const INTEGERS = [
    "0",
    "1",
    "-1",
    "2",
    "7",
    "-13",
    "100",
    "255",
    "65535",
    "1000000",
    "2147483647",
    "1073741824",
    "3000000000",
]
const TEXTS = ['""', '"a"', '"b2"', '"hello"', '"é€"', '"12"', '"-7x"', '"name"']
const BINARY = ["+", "-", "*", "&", "|", "^"]
const COMPARE = ["<", "<=", ">", ">=", "===", "!=="]

/**
 * Generates programs that use the language at random and print what they compute. They avoid what vm.md lists as bugs
 * of the official machine: fractions and huge numbers are printed after `| 0`, and nothing is read past the end of a
 * string.
 */
export class ProgramGenerator {
    private random: Random
    private lines: string[] = []
    private indent = ""
    private last = 0
    /** statements left, so that programs stay below the official machine's limit on operations per turn */
    private budget = 60

    constructor(seed: number) {
        this.random = new Random(seed * 2654435761 + 12345)
    }

    private line(text: string): void {
        this.lines.push(this.indent + text)
    }

    private block(head: string, body: () => void, tail = "}"): void {
        this.line(`${head} {`)
        const before = this.indent
        this.indent += "    "
        body()
        this.indent = before
        this.line(tail)
    }

    private name(prefix: string): string {
        return `${prefix}${this.last++}`
    }

    /* Expressions */

    private number(scope: Scope, depth: number): string {
        const { random } = this
        if (depth <= 0)
            return random.below(3) > 0 && scope.numbers.length > 0 ? random.pick(scope.numbers) : random.pick(INTEGERS)
        const a = (): string => this.number(scope, depth - 1)
        const s = (): string => this.text(scope, depth - 1)
        const forms = [
            () => `(${a()} ${random.pick(BINARY)} ${a()})`,
            () => `(${a()} ${random.pick(BINARY)} ${a()})`,
            () => `(${a()} ${random.pick(["<<", ">>", ">>>"])} ${random.below(34)})`,
            () => `Math.idiv(${a()}, ${a()})`,
            () => `((${a()} | 0) % ((${a()} & 15) + 1))`,
            () => `(${this.truth(scope, depth - 1)} ? ${a()} : ${a()})`,
            () => `~${a()}`,
            () => `-(${a()})`,
            () => `${s()}.length`,
            () => `${s()}.indexOf(${s()})`,
            () => `(${s()} + "x").charCodeAt(0)`,
            () => `(parseInt(${s()}) | 0)`,
            () => `list[${a()} & 3]`,
            () => `bytes[${a()} & 7]`,
            () => `list.length`,
            () => `object.x`,
            () => `object.plus(${a()})`,
            () => `derived.twice(${a()})`,
            () => `Math.max(${a()}, ${a()})`,
            () => `Math.min(${a()}, ${a()})`,
            () => `Math.abs(${a()})`,
            () => `Math.floor(${a()} / 4)`,
            () => `bytes.getAt(${random.below(5)}, "${random.pick(["u8", "u16", "u32", "i8", "i16", "i32"])}")`,
            () => `list.map(v => (v ^ ${random.below(9)}) | 0).reduce((p, v) => (p + v) | 0, 0)`,
            () => `list.filter(v => (v & 1) === ${random.below(2)}).length`,
            () => `(map["k" + (${a()} & 3)] ?? ${a()})`,
            () => `counter()`,
            ...scope.functions.map((name) => () => `${name}(${a()}, ${a()})`),
        ]
        return random.pick(forms)()
    }

    private text(scope: Scope, depth: number): string {
        const { random } = this
        if (depth <= 0)
            return random.below(2) > 0 && scope.texts.length > 0 ? random.pick(scope.texts) : random.pick(TEXTS)
        const a = (): string => `(${this.number(scope, depth - 1)} | 0)`
        const s = (): string => this.text(scope, depth - 1)
        const forms = [
            () => `(${s()} + ${s()}).slice(0, 40)`,
            () => `("" + ${a()})`,
            () => `(${s()} + ${a()}).slice(-9)`,
            () => `\`<\${${a()}}>\``,
            () => `${s()}.toUpperCase()`,
            () => `${s()}.slice(${random.below(3)}, ${random.below(5)})`,
            () => `${s()}.split("${random.pick(["l", "a", "2"])}").join("-")`,
            () => `String.fromCharCode(65 + (${a()} & 15), 97 + (${a()} & 7))`,
            () => `list.slice(0, ${random.below(4)}).join("${random.pick([",", "", ";"])}")`,
            () => `JSON.stringify([${a()}, "" + ${a()}, ${this.truth(scope, depth - 1)}]).slice(0, 60)`,
            () => `bytes.slice(${random.below(4)}, ${4 + random.below(4)}).toString("hex")`,
            () => `(typeof ${random.pick([a(), s(), "list", "counter", "undefined", "null", "object"])})`,
            () => `(${this.truth(scope, depth - 1)} ? ${s()} : ${s()})`,
            () => `("" + ${this.truth(scope, depth - 1)})`,
        ]
        return random.pick(forms)()
    }

    private truth(scope: Scope, depth: number): string {
        const { random } = this
        const a = (): string => this.number(scope, Math.max(0, depth - 1))
        const s = (): string => this.text(scope, Math.max(0, depth - 1))
        const forms = [
            () => `(${a()} + 0 ${random.pick(COMPARE)} ${a()})`,
            () => `(${s()} + "" === ${s()})`,
            () => `!${this.truth(scope, depth - 1)}`,
            () => `(${this.truth(scope, depth - 1)} && ${this.truth(scope, depth - 1)})`,
            () => `(${this.truth(scope, depth - 1)} || ${this.truth(scope, depth - 1)})`,
            () => `!!${a()}`,
            () => `(thing instanceof ${random.pick(["Base", "Derived"])})`,
            () => `${s()}.includes("l")`,
            () => `(map["k1"] === undefined)`,
        ]
        return depth <= 0 ? `(${a()} + 0 < ${a()})` : random.pick(forms)()
    }

    /* Statements */

    private statements(scope: Scope, count: number, depth: number): void {
        const inner: Scope = { ...scope, numbers: [...scope.numbers], texts: [...scope.texts] }
        for (let i = 0; i < count && this.budget > 0; i++) this.statement(inner, depth)
    }

    private statement(scope: Scope, depth: number): void {
        const { random } = this
        this.budget--
        const target = random.pick(["g0", "g1", "g2"])
        const forms = [
            () => this.declare(scope),
            () => this.line(`${target} = ${this.number(scope, 2)} | 0`),
            () => this.line(`${target} ${random.pick(["+=", "-=", "^="])} ${this.number(scope, 1)} & 1023`),
            () => this.line(`t0 = ${this.text(scope, 2)}`),
            () =>
                this.line(`console.log(${this.text(scope, 2)}, ${this.number(scope, 2)} | 0, ${this.truth(scope, 2)})`),
            () => this.line(`list[${random.below(6)}] = ${this.number(scope, 1)} | 0`),
            () => this.line(`bytes[${random.below(8)}] = ${this.number(scope, 1)}`),
            () =>
                this.line(
                    `bytes.setAt(${random.below(5)}, "${random.pick(["u8", "u16", "i16", "u32"])}", ${this.number(scope, 1)} | 0)`,
                ),
            () => this.line(`map["k" + ${random.below(5)}] = ${this.number(scope, 1)} | 0`),
            () => this.line(`delete map.k${random.below(5)}`),
            () => this.line(`object.x = ${this.number(scope, 1)} | 0`),
            ...(depth > 0 ? this.nested(scope, depth) : []),
            ...(scope.returns ? [() => this.conditionally(scope, `return ${this.number(scope, 1)} | 0`)] : []),
            ...(scope.loop ? [() => this.conditionally(scope, random.pick(["break", "continue"]))] : []),
        ]
        random.pick(forms)()
    }

    private declare(scope: Scope): void {
        if (this.random.below(3) > 0) {
            const name = this.name("n")
            this.line(`let ${name} = ${this.number(scope, 2)} | 0`)
            scope.numbers.push(name)
        } else {
            const name = this.name("s")
            this.line(`let ${name} = ${this.text(scope, 2)}`)
            scope.texts.push(name)
        }
    }

    private conditionally(scope: Scope, what: string): void {
        this.block(`if (${this.truth(scope, 1)})`, () => this.line(what))
    }

    private nested(scope: Scope, depth: number): (() => void)[] {
        const { random } = this
        const body = (inner: Scope): void => this.statements(inner, 1 + random.below(3), depth - 1)
        return [
            () => this.block(`if (${this.truth(scope, 2)})`, () => body(scope)),
            () => {
                const part = (): void => body(scope)
                this.chain(`if (${this.truth(scope, 2)})`, part, "else", part)
            },
            () => {
                const name = this.name("i")
                const inner = { ...scope, numbers: [...scope.numbers, name], loop: true }
                this.block(`for (let ${name} = 0; ${name} < ${1 + random.below(5)}; ${name}++)`, () => body(inner))
            },
            () => {
                const name = this.name("v")
                const inner = { ...scope, numbers: [...scope.numbers, name], loop: true }
                this.block(`for (const ${name} of list.slice(0, ${1 + random.below(4)}))`, () => body(inner))
            },
            () => this.attempt(scope, depth),
            () => this.select(scope, depth),
        ]
    }

    private attempt(scope: Scope, depth: number): void {
        const { random } = this
        const body = (): void => this.statements(scope, 1 + random.below(2), depth - 1)
        const failing = random.pick([
            'throw new Error("e" + g0)',
            "throw new RangeError()",
            ";(undefined as any).field = 1",
            ";(null as any).call()",
            "bytes[99] = 1",
            'JSON.parse("{")',
            "throw { code: g1 }",
        ])
        const kind = random.below(3)
        const attempt = (): void => {
            body()
            if (random.below(2) > 0) this.conditionally(scope, failing)
            else this.line(failing)
        }
        if (kind === 0) {
            this.block("try", () => this.chain("try", attempt, "finally", body), "} catch (e: any) {")
            this.indented(() => this.line('console.log("outer", e.name, e.message, e.code)'))
            this.line("}")
            return
        }
        this.block("try", attempt, "} catch (e: any) {")
        this.indented(() => {
            this.line('console.log("caught", e.name, e.message, e.code, e instanceof Error)')
            body()
        })
        if (kind === 2) this.block("} finally", body)
        else this.line("}")
    }

    private indented(body: () => void): void {
        this.indent += "    "
        body()
        this.indent = this.indent.slice(4)
    }

    private chain(head: string, first: () => void, middle: string, second: () => void): void {
        this.block(head, first, `} ${middle} {`)
        this.indented(second)
        this.line("}")
    }

    private select(scope: Scope, depth: number): void {
        this.block(`switch (${this.number(scope, 1)} & 3)`, () => {
            for (const value of [0, 1, 2].slice(this.random.below(3)))
                this.block(`case ${value}:`, () => {
                    this.statements({ ...scope, loop: false }, 1, depth - 1)
                    this.line("break")
                })
            this.block("default:", () => this.statements({ ...scope, loop: false }, 1, depth - 1))
        })
    }

    /** Definitions available to every program. */
    private stage(): void {
        const { random } = this
        this.lines.push('import * as ds from "@devicescript/core"', "")
        this.line(`let g0 = ${random.below(100)}, g1 = ${random.pick(INTEGERS)} | 0, g2 = -${random.below(9)}`)
        this.line(`let t0 = ${random.pick(TEXTS)}`)
        this.line(`const list: number[] = [${random.below(50)}, ${random.pick(INTEGERS)} | 0, 3, -${random.below(7)}]`)
        this.line(`const map: any = { k1: ${random.below(9)}, k3: 4 }`)
        this.line("const bytes = Buffer.from([1, 2, 254, 4, 255, 6, 128, 8])")
        this.block("class Base", () => {
            this.line(`x = ${random.below(20)}`)
            this.block("plus(n: number): number", () => this.line("return (this.x + n) | 0"))
        })
        this.block("class Derived extends Base", () => {
            this.block("constructor(public y: number)", () => this.line("super()"))
            this.block("twice(n: number): number", () => this.line("return (this.plus(n) * 2 + this.y) | 0"))
        })
        this.line("const object = new Base()")
        this.line(`const derived: any = new Derived(${random.below(10)})`)
        this.line(`const thing: any = ${random.pick(["object", "derived", "list", "map"])}`)
        this.block("function makeCounter(from: number)", () => {
            this.line("let n = from")
            this.block("return () =>", () => {
                this.line(`n = (n + ${1 + random.below(5)}) & 4095`)
                this.line("return n")
            })
        })
        this.line("const counter = makeCounter(3)")
    }

    private helper(scope: Scope): void {
        const name = this.name("f")
        const inner: Scope = { ...scope, numbers: ["a", "b", "g0", "g1"], returns: true, loop: false }
        this.block(`function ${name}(a: number, b: number): number`, () => {
            this.statements(inner, 1 + this.random.below(3), 1)
            this.line(`return ${this.number(inner, 2)} | 0`)
        })
        scope.functions.push(name)
    }

    program(): string {
        const scope: Scope = { numbers: ["g0", "g1", "g2"], texts: ["t0"], functions: [], loop: false, returns: false }
        this.stage()
        for (let i = this.random.below(3); i > 0; i--) this.helper(scope)
        for (let i = 0; i < 14 && this.budget > 0; i++) {
            this.statement(scope, 2)
            if (i % 4 === 3) this.line("await ds.sleep(1)")
        }
        this.line("console.log(g0, g1, g2, t0)")
        this.line("console.log(list, map, bytes, object, derived)")
        this.line("ds.restart()")
        return `${this.lines.join("\n")}\n`
    }
}
