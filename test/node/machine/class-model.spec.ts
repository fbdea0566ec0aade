import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict"
import { builtinStrings } from "../../../host/abi/abi.js"
import type { ClassModel } from "../../../host/image/analyses/class-model.js"
import { ObjectLayout } from "../../../host/image/analyses/object-layout.js"
import { ProgramFacts } from "../../../host/image/analyses/program-facts.js"
import { copyOf } from "../../../host/image/ir/expressions.js"
import { builtinString, Op } from "../../../host/image/ir/operations.js"
import { type ImageProgram, StringKind, walkProgram } from "../../../host/image/ir/program.js"
import { readImage } from "../../../host/image/ir/read.js"
import { VerificationError } from "../../../host/image/ir/verify.js"
import { writeImage } from "../../../host/image/ir/write.js"
import { PassManager } from "../../../host/image/pass-manager.js"
import { groupMethodStores } from "../../../host/image/passes/method-stores.js"
import { program, programImage } from "../../machine/images.js"

/** A compiled program whose functions and names can be looked up by text. */
class Compiled {
    readonly program: ImageProgram
    readonly facts: ProgramFacts

    constructor(...lines: string[]) {
        this.program = readImage(programImage(program(...lines)))
        this.facts = new ProgramFacts(this.program)
    }

    get classes(): ClassModel {
        return this.facts.classes
    }

    /** Numbers of the functions with a name, in the order of the image. */
    functions(name: string): number[] {
        const found = this.program.functions.flatMap((entry, index) => (this.text(entry.name) === name ? [index] : []))
        ok(found.length > 0, `the program has no function ${name}`)
        return found
    }

    /** The only function with a name. */
    only(name: string): number {
        const [index, ...others] = this.functions(name)
        strictEqual(others.length, 0)
        return index
    }

    /** The name of a function or the text of a key. */
    text(name: number): string {
        const index = name & 0x3fff
        return name >> 14 === StringKind.builtin ? builtinStrings[index] : this.program.ascii[index].toString()
    }

    /** The key of a name of a field or method. */
    key(name: string): string {
        const index = this.program.ascii.findIndex((text) => text.toString() === name)
        if (index >= 0) return `ascii ${index}`
        return `builtin ${builtinString(name as (typeof builtinStrings)[number])}`
    }

    /** What a class calls its methods with this name, by the class. */
    methods(name: string): [string, number][] {
        const text = (index: number): string => this.text(this.program.functions[index].name)
        return this.classes
            .methodsNamed(this.key(name))
            .map(({ constructorIndex, functionIndex }) => [text(constructorIndex), functionIndex])
    }
}

const ANIMALS = [
    "class Animal {",
    "    name = 'x'",
    "    speak(): any { return this.name }",
    "    eat(): any { return this.speak() }",
    "}",
    "class Dog extends Animal { override speak(): any { return 'w' } }",
    "class Puppy extends Dog { play(): any { return this.eat() } }",
    "class Broken extends Error {}",
    "class Worse extends Broken {}",
    "console.log(new Animal().eat(), new Dog().eat(), new Puppy().play(), new Worse('a').message)",
]

describe("the class model", function () {
    this.timeout(60000)

    it("knows from which class an object of a derived class has its method", () => {
        const animals = new Compiled(...ANIMALS)
        const [speak, eat] = [animals.key("speak"), animals.only("eat")]
        const found = ["Animal", "Dog", "Puppy"].map((name) => animals.classes.resolve(animals.only(name), speak))
        strictEqual(found[1], found[2])
        deepStrictEqual(new Set(found.slice(0, 2)), new Set(animals.functions("speak")))
        strictEqual(animals.classes.resolve(animals.only("Puppy"), animals.key("eat")), eat)
        strictEqual(animals.classes.resolve(animals.only("Animal"), animals.key("play")), undefined)
    })

    it("knows which classes `this` of a method may belong to", () => {
        const animals = new Compiled(...ANIMALS)
        const receivers = (name: string): number[] | undefined => animals.classes.receivers(animals.only(name))
        const all = ["Animal", "Dog", "Puppy"].map((name) => animals.only(name))
        deepStrictEqual(receivers("eat"), all)
        deepStrictEqual(receivers("play"), all.slice(2))
    })

    it("knows which classes extend one of the machine's, directly or not", () => {
        const animals = new Compiled(...ANIMALS)
        const expected = ["Broken", "Worse"].map((name) => animals.only(name))
        deepStrictEqual(animals.classes.classesOfMachine, new Set(expected))
    })

    it("finds the only method of a name, and none if two classes have one of that name", () => {
        const animals = new Compiled(...ANIMALS)
        const onlyMethod = (name: string): number | undefined => {
            const found = animals.classes.onlyMethodNamed(animals.key(name))
            return found && animals.program.functions.indexOf(found)
        }
        strictEqual(onlyMethod("speak"), undefined)
        strictEqual(onlyMethod("eat"), animals.only("eat"))
    })

    it("says that an object may have a field with a method's name, once anything stores one", () => {
        const lines = ["class Lamp { shine(): any { return 1 } }", "console.log(new Lamp().shine())"]
        const without = new Compiled(...lines)
        ok(!without.classes.mayBeOwn(without.key("shine")))
        ok(without.classes.onlyMethodNamed(without.key("shine")))
        const hidden = new Compiled(...lines, "const other: any = {}", "other.shine = 2")
        ok(hidden.classes.mayBeOwn(hidden.key("shine")))
        strictEqual(hidden.classes.onlyMethodNamed(hidden.key("shine")), undefined)
        deepStrictEqual(hidden.methods("shine"), [["Lamp", hidden.only("shine")]])
    })

    it("does not take a method that the library stores on Array.prototype for a field", () => {
        const list = new Compiled(
            "class Pair { map(f: any): any { return f(this) } }",
            "console.log(new Pair().map((v: any) => 1), [1].map(v => v).length)",
        )
        ok(list.classes.implementations(list.key("map")).size > 1)
        ok(!list.classes.mayBeOwn(list.key("map")))
        strictEqual(list.methods("map").length, 1)
    })

    it("does not know a method that the program replaces at run time, but still knows the others", () => {
        const lamp = new Compiled(
            "class Lamp { on(): any { return 1 }",
            "    off(): any { return 2 } }",
            "function change() { Lamp.prototype.on = function () { return 3 } }",
            "console.log(new Lamp().on(), new Lamp().off())",
            "change()",
        )
        ok(!lamp.classes.isDynamic)
        deepStrictEqual(lamp.methods("on"), [])
        ok(lamp.classes.mayBeOwn(lamp.key("on")))
        deepStrictEqual(lamp.methods("off"), [["Lamp", lamp.only("off")]])
    })

    it("takes the later of two methods that a class gets under one name before anything runs", () => {
        const lamp = new Compiled(
            "class Lamp { on(): any { return 1 } }",
            "console.log(new Lamp().on())",
            "Lamp.prototype.on = function () { return 2 }",
        )
        const stored = [...lamp.facts.setup.methods.values()].filter(({ name }) => name === lamp.key("on"))
        strictEqual(stored.length, 2)
        deepStrictEqual(lamp.methods("on"), [["Lamp", stored[1].method.value]])
        strictEqual(lamp.classes.resolve(lamp.only("Lamp"), lamp.key("on")), stored[1].method.value)
    })

    const revealing: [string, string][] = [
        ["passes a prototype on", "keep(Lamp.prototype)"],
        ["gives an object another class", "Object.setPrototypeOf(keep({}), keep({}))"],
        ["finds Object.setPrototypeOf in a variable", "const o = keep(Object); o.setPrototypeOf({}, {})"],
        ["has the name of prototypes as a text", "console.log(keep(Lamp)[keep('prototype')])"],
    ]
    for (const [title, line] of revealing)
        it(`knows no method of a program that ${title}`, () => {
            const lamp = new Compiled(
                "class Lamp { on(): any { return 1 } }",
                "function keep(v: any): any { return v }",
                line,
                "console.log(new Lamp().on())",
            )
            const { classes } = lamp
            ok(classes.isDynamic)
            deepStrictEqual(lamp.methods("on"), [])
            strictEqual(classes.onlyMethodNamed(lamp.key("on")), undefined)
            ok(!classes.hasObject(lamp.program.functions[lamp.only("on")]))
            ok(!classes.isUnused("ascii 9999"))
        })

    it("is the same whether methods are stored on C.prototype or on a slot that has it", () => {
        const animals = new Compiled(...ANIMALS)
        const names = ["speak", "eat", "play"]
        const before = names.map((name) => animals.methods(name))
        groupMethodStores(animals.program, animals.facts)
        ok(animals.program.setup?.body.some(({ opcode }) => opcode === Op.storeLocal))
        deepStrictEqual(
            names.map((name) => animals.methods(name)),
            before,
        )
        const { program: read } = animals
        const again = new ProgramFacts(readImage(writeImage(read).image)).classes
        for (const name of names)
            deepStrictEqual(again.methodsNamed(animals.key(name)), animals.classes.methodsNamed(animals.key(name)))
    })

    it("has no methods when something else runs the function that stores them", () => {
        const { program: read, facts } = new Compiled(...ANIMALS)
        ok(facts.classes.withMethods.size > 0)
        const [main] = read.functions
        main.body.splice(1, 0, { ...copyOf(main.body[0]), target: null })
        const twice = readImage(writeImage(read).image)
        strictEqual(twice.setup, null)
        strictEqual(new ProgramFacts(twice).classes.withMethods.size, 0)
    })
})

describe("the facts about a program", function () {
    this.timeout(60000)

    /** Changes every look-up of one name into one of another. */
    function rename(changed: ImageProgram, from: string, to: string): void {
        walkProgram(changed, (found) => {
            if (`ascii ${found.value}` === from && found.opcode === Op.asciiField) found.value = Number(to.slice(6))
        })
    }

    it("are read again where a pass reports a change, and the model is built again if they differ", () => {
        const animals = new Compiled(...ANIMALS)
        const before = animals.classes
        const [main] = animals.program.functions
        animals.facts.forget(main)
        strictEqual(animals.classes, before)
        rename(animals.program, animals.key("play"), animals.key("eat"))
        animals.facts.forget(main)
        ok(animals.classes !== before)
        strictEqual(before.uses(animals.key("play")), 1)
        strictEqual(animals.classes.uses(animals.key("play")), 0)
    })

    it("reveal a pass that changes a function without reporting it, when passes are verified", () => {
        const animals = new Compiled(...ANIMALS)
        const passes = new PassManager(animals.program, true)
        const change = (): void => {
            passes.run("the silent pass", (changed) => {
                rename(changed, animals.key("play"), animals.key("eat"))
            })
        }
        ok(passes.facts.classes.uses(animals.key("play")) > 0)
        throws(change, (error) => error instanceof VerificationError && /^after the silent pass: /.test(error.message))
    })
})

describe("the layout of objects", function () {
    this.timeout(60000)

    interface Fields {
        all: string[]
        /** fields that certainly are at these places */
        steady: string[]
        isComplete: boolean
    }

    /** The fields of a class in a program. */
    function fields(name: string, ...lines: string[]): Fields {
        const compiled = new Compiled(...lines)
        const layout = new ObjectLayout(compiled.program)
        const texts = (keys: readonly string[]): string[] =>
            keys.map((key) => compiled.program.ascii[Number(key.slice("ascii ".length))].toString())
        const index = compiled.only(name)
        const isComplete = layout.completeFieldsOf(index) !== undefined
        return { all: texts(layout.fieldsOf(index)), steady: texts(layout.steadyFieldsOf(index)), isComplete }
    }

    const DERIVED = ["class Wide extends Base { last: any", "    constructor() { super(1); this.last = 4 } }"]
    const MADE = "console.log(new Wide())"
    const FIELDS = "first: any; second: any; third: any"

    it("has the fields of the base class first", () => {
        const base = `class Base { ${FIELDS}; constructor(n: any) { this.first = n; this.second = n; this.third = n } }`
        const all = ["first", "second", "third", "last"]
        deepStrictEqual(fields("Wide", base, ...DERIVED, MADE), { all, steady: all, isComplete: true })
    })

    it("has no certain place for a field after one that a branch of the constructor leaves out", () => {
        const steps = "this.first = n; if (n) this.second = n; this.third = n"
        const base = `class Base { ${FIELDS}; constructor(n: any) { ${steps} } }`
        const all = ["first", "second", "third"]
        deepStrictEqual(fields("Base", base, "console.log(new Base(1))"), { all, steady: ["first"], isComplete: false })
        const derived = { all: [...all, "last"], steady: ["first"], isComplete: false }
        deepStrictEqual(fields("Wide", base, ...DERIVED, MADE), derived)
    })

    it("has no certain place for a field after a return", () => {
        const base = `class Base { ${FIELDS}; constructor(n: any) { this.first = n; if (n) return; this.second = n } }`
        const found = fields("Base", base, "console.log(new Base(1))")
        deepStrictEqual(found, { all: ["first", "second"], steady: ["first"], isComplete: false })
    })

    it("has a place for a field whose value a branch decides", () => {
        const base = `class Base { ${FIELDS}; constructor(n: any) { this.first = n ? 1 : 2; this.second = n } }`
        const all = ["first", "second"]
        deepStrictEqual(fields("Base", base, "console.log(new Base(1))"), { all, steady: all, isComplete: true })
    })

    describe("has exact places, which need no check,", () => {
        /** The fields of class Wide that other code finds at the same places in all of its objects. */
        function exact(...lines: string[]): string[] {
            const compiled = new Compiled(...lines, MADE)
            const found = new ObjectLayout(compiled.program).exactFieldsOf(compiled.only("Wide"))
            return found.map((key) => compiled.program.ascii[Number(key.slice("ascii ".length))].toString())
        }

        /** A base class with these statements in its constructor; its objects have a method. */
        const baseOf = (steps: string): string =>
            `class Base { ${FIELDS}; constructor(n: any) { ${steps} } go(): void { console.log(this) } }`

        it("for all fields if no other code gets the object before they are stored", () => {
            const base = baseOf("this.first = n; this.second = [n]; this.third = n")
            deepStrictEqual(exact(base, ...DERIVED), ["first", "second", "third", "last"])
        })

        it("for the fields before a call of one of its methods", () => {
            const base = baseOf("this.first = n; this.go(); this.second = n")
            deepStrictEqual(exact(base, ...DERIVED), ["first"])
        })

        it("for the fields of the base class if its constructor gives the object away at its end", () => {
            const base = baseOf("this.first = n; this.second = n; console.log(this)")
            deepStrictEqual(exact(base, ...DERIVED), ["first", "second"])
        })

        it("for the fields before a closure, which may have the object", () => {
            const base = baseOf("this.first = n; this.second = () => n; this.third = n")
            deepStrictEqual(exact(base, ...DERIVED), ["first"])
        })

        it("for no field behind those that the machine gives to an error", () => {
            const wide = "class Wide extends Error { last: any; constructor() { super('wide'); this.last = 4 } }"
            deepStrictEqual(exact(wide), [])
        })
    })

    it("has no certain places in a program that deletes fields", () => {
        const base = `class Base { ${FIELDS}; constructor(n: any) { this.first = n } }`
        const found = fields("Base", base, "const made: any = new Base(1)", "delete made.first", "console.log(made)")
        deepStrictEqual(found.steady, [])
    })
})
