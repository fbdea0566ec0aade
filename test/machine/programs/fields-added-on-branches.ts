import * as ds from "@devicescript/core"
// New objects whose fields are added on several branches, or by several functions.
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

function either(isFirst: boolean): any {
    const result: any = {}
    if (isFirst) result.x = 1
    else result.y = 2
    result.y = 3
    result.x = 4
    return result
}

show(either(true))
show(either(false))
ds.restart()
