import * as ds from "@devicescript/core"
// New objects whose fields are added on more than one path, by more than one function, or with values that are functions.
interface Hello {
    version: number
    session: string
    cookie: string
    extra?: number
}

let made = 0

function hello(resumes: boolean, late: boolean): Hello {
    const result: Hello = { version: 2, session: resumes ? "old" : "none", cookie: late ? "c" + made : "" }
    made++
    if (late) result.extra = made
    return result
}

function show(one: any): void {
    const keys = Object.keys(one)
    console.log(keys.map((key) => key + "=" + one[key]).join(" "))
}

for (const resumes of [false, true]) for (const late of [true, false]) show(hello(resumes, late))

function give(to: any, name: string): void {
    to[name] = name
    if (name === "second") to.first = 0
}

function between(name: string): any {
    const result: any = {}
    give(result, name)
    result.first = 1
    give(result, "third")
    result.second = 2
    result.fourth = name === "first" ? 4 : undefined
    return result
}

for (const name of ["first", "second", "third", "fourth", "other"]) show(between(name))

class Base {
    a = 1
    b: number | undefined

    constructor(withB: boolean) {
        if (withB) this.b = 2
    }
}

class Middle extends Base {
    c = 3
    d: string

    constructor(withB: boolean) {
        super(withB)
        this.d = withB ? "with" : "without"
    }
}

class Derived extends Middle {
    e = 5
    f = this.c + this.e
    g: any

    constructor(withB: boolean, g: any) {
        super(withB)
        this.g = g
        this.c = 30
    }
}

const list: any[] = []
for (let i = 0; i < 4; i++) list.push(new Derived(i % 2 === 0, i))
list.push(new Middle(true), new Base(false), new Base(true))
for (const one of list) show(one)
console.log(list[0].b, list[1].b, list[1].f, list[2].d)

const wide: any = { a: 0, b: 1, c: 2, d: 3, e: 4, f: 5, g: 6, h: 7, i: 8, j: 9, k: 10, l: 11, m: 12, n: 13, o: 14 }
show(wide)

// What is read from a field that a function came to through an array is bound to the object all the same.
class Button {
    presses = 0
    pressed: any
    private readonly own: any[] = []

    constructor(handlers: any[]) {
        this.pressed = handlers[0]
        for (const handler of handlers) this.own.push(handler)
    }

    press(): string {
        const run = this.pressed
        this.presses++
        return typeof run === "function" ? run(this.presses) : "no handler " + run
    }

    compare(other: Button): boolean {
        return this.pressed === other.pressed
    }
}

function counted(this: any, n: number): string {
    return "counted " + n + " of " + (this === undefined ? "nothing" : this.presses)
}

const plain = new Button([7])
const handled = new Button([counted, (n: number) => "arrow " + n])
console.log(plain.press(), handled.press(), handled.press(), plain.compare(handled), plain.compare(new Button([7])))
handled.pressed = (n: number) => "another " + n
console.log(handled.press(), plain.press())

// A method is looked up before its arguments are evaluated; other objects have fields of that name.
class Pile {
    top = 0
    seen: string[] = []

    take(count: number): number {
        this.top -= count
        return this.top
    }

    put(count: number): number {
        this.top += count
        this.seen.push("put" + count)
        return count
    }

    both(): number {
        return this.take(this.put(3) - 1)
    }

    chosen(low: boolean): number {
        return this.put(low ? this.take(1) : this.take(2))
    }
}

const fake: any = { take: 5, put: (n: number) => n * 100 }
const pile = new Pile()
console.log(pile.both(), pile.chosen(true), pile.chosen(false), pile.seen.join(), fake.take, fake.put(pile.put(2)))
const late: any = new Pile()
late.take = (n: number) => "own " + n
console.log(late.both(), late.chosen(true), late.top)

// Methods that a class inherits, and an object of it that has its own.
class Heap extends Pile {
    more = 1
}

class Mound extends Heap {
    override put(count: number): number {
        this.top += count * 10
        return count
    }
}

function takeFrom(one: Pile): string {
    return one.put(2) + " " + one.take(1) + " " + one.top
}

for (const one of [new Pile(), new Heap(), new Mound(), new Pile()]) console.log(takeFrom(one))
const odd = new Mound()
odd.take = (n: number) => n * 1000
for (const one of [odd, new Mound(), odd]) console.log(takeFrom(one), one.both())
ds.restart()
