import { deepStrictEqual, notStrictEqual, ok, strictEqual } from "node:assert/strict"
import { UNDOUBTED } from "../../../host/image/type-sidecar.js"
import {
    comparedPrograms,
    optimizedBy,
    optimizedImage,
    program,
    programImage,
    programTypes,
    untypedImage,
} from "../../machine/images.js"
import { COMPUTED_NAMES, WRONG_RECEIVERS } from "../../machine/unsound-programs.js"
import { simulate } from "./run.js"

async function printed(image: Uint8Array): Promise<string> {
    return (await simulate(image, false)).output
}

/** Checks that the optimized image does what the compiler's does, and would not if the optimizer trusted the types. */
async function checkDistrust(source: string): Promise<void> {
    const expected = await printed(programImage(source))
    strictEqual(await printed(optimizedImage(source)), expected)
    strictEqual(await printed(untypedImage(source)), expected)
    notStrictEqual(await printed(optimizedBy(source, UNDOUBTED)), expected)
}

describe("the type sidecar", function () {
    this.timeout(60000)

    describe("keeps a method from being run on an object of another class that is hidden by", () => {
        for (const { name, source } of WRONG_RECEIVERS) it(name, () => checkDistrust(source))
    })

    describe("keeps what is found by a computed name:", () => {
        for (const { name, source } of COMPUTED_NAMES) it(name, () => checkDistrust(source))
    })

    it("finds nothing wrong with a program whose types are sound", () => {
        const source = program(
            "class Counter<T> {",
            "    private items: T[] = []",
            "    add(item: T): number { this.items.push(item); return this.items.length }",
            "    first(): T { return this.items[0] }",
            "}",
            "interface Shape { area(): number }",
            "class Square implements Shape { constructor(private side: number) {}; area(): number { return this.side ** 2 } }",
            "const shapes = new Counter<Shape>()",
            "shapes.add(new Square(2))",
            "console.log(shapes.first().area(), [3, 4].map((side) => new Square(side).area()).join())",
        )
        deepStrictEqual(programTypes(source), UNDOUBTED)
        ok(optimizedImage(source).length < untypedImage(source).length)
    })

    it("names only the methods that are in doubt", () => {
        const source = program(
            "class Animal { name = 'nobody'; sleep(): void { console.log('sleeps') } }",
            "class Dog extends Animal { bark(): void { console.log('barks') } }",
            "class Cat extends Animal { meow(): void { console.log('meows') } }",
            "const pets: Animal[] = [new Dog(), new Cat()]",
            "pets[0].sleep()",
            "new Cat().meow()",
            ";(pets[0] as Dog).bark()",
        )
        deepStrictEqual(programTypes(source), { unsound: ["bark"], computed: "nothing" })
    })

    it("gives up in seconds when every type passes through any to every other one", () => {
        const numbers = Array.from({ length: 160 }, (_, n) => n)
        const classes = numbers.map((n) => {
            const next = `C${(n + 1) % numbers.length}`
            return `class C${n} { f${n}: any; m${n}(other: ${next}): C${n} { this.f${n} = other; return this } }`
        })
        const source = program(
            ...classes,
            `const all: any[] = [${numbers.map((n) => `new C${n}()`).join(", ")}]`,
            ...numbers.map((n) => `const c${n}: C${n} = all[${n}]; c${n}.m${n}(all[0])`),
            "console.log(all.length)",
        )
        const begin = Date.now()
        strictEqual(programTypes(source), undefined)
        ok(Date.now() - begin < 20000, `${Date.now() - begin} ms`)
    })

    for (const { name, source } of comparedPrograms())
        it(`is not needed: an image that is optimized without it does what the compiler's does: ${name}`, async () => {
            const image = untypedImage(source)
            ok(image.length <= programImage(source).length)
            strictEqual(await printed(image), await printed(programImage(source)))
        })
})
