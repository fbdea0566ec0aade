import { program, type WrittenProgram } from "./images.js"

/*
 * Functions that get into a field, each program in a way of its own. A function is bound to its object when the field is read, so
 * translated code must know that the field may contain one. Arrays are not told apart, so one way must not hide another.
 */

const BOX = [
    "class Box {",
    "    tag = 'box'",
    "    value: any = 0",
    "    read(): string { const found = this.value; return typeof found === 'function' ? found() : 'no function' }",
    "}",
    "function tagOf(this: any): string { return this === undefined ? 'nothing' : this.tag }",
]

const SHOWN = [
    "const box = new Box()",
    "console.log(box.read())",
    "const got = found()",
    "if (got !== undefined) box.value = got",
    "await ds.sleep(1)",
    "console.log(box.read())",
]

const way = (name: string, ...lines: string[]): WrittenProgram => ({
    name: `a function in a field, from ${name}`,
    source: program(...BOX, ...lines, ...SHOWN),
})

export const FUNCTIONS_IN_FIELDS: WrittenProgram[] = [
    way("an array's literal", "const list: any[] = [1, tagOf]", "function found(): any { return list[1] }"),
    way("push", "const list: any[] = []", "list.push(tagOf)", "function found(): any { return list[0] }"),
    way("pop of an array", "const list: any[] = [tagOf]", "function found(): any { return list.pop() }"),
    way("a part of an array", "const list: any[] = [tagOf]", "function found(): any { return list.slice(0)[0] }"),
    way(
        "a rest parameter",
        "function last(...all: any[]): any { return all[1] }",
        "function found(): any { return last(1, tagOf) }",
    ),
    way(
        "the arguments of an unknown function with a rest parameter",
        "function last(...all: any[]): any { return all[1] }",
        "const by: any = { last }",
        "function found(): any { return by.last(1, tagOf) }",
    ),
    way(
        "spread arguments",
        "const list: any[] = [1, tagOf]",
        "function second(a: any, b: any): any { return b }",
        "function found(): any { return second(...(list as [any, any])) }",
    ),
    way(
        "the parameter of a callback",
        "class Caller { call(by: any): any { return by(tagOf) } }",
        "const callers: any[] = [new Caller()]",
        "function same(value: any): any { return value }",
        "function found(): any { return callers[0].call(same) }",
    ),
    way(
        "the parameter of a function in a field",
        "const unknown: any[] = [{ same: 0 }]",
        "unknown[0].same = (value: any) => value",
        "function found(): any { return unknown[0].same(tagOf) }",
    ),
    way(
        "a method of an unknown object",
        "class Maker { make(): any { return tagOf } }",
        "const makers: any[] = [new Maker()]",
        "function found(): any { return makers[0].make() }",
    ),
    way(
        "a function in a field of an unknown object",
        "const makers: any[] = [{ make: () => tagOf }]",
        "function found(): any { return makers[0].make() }",
    ),
    way(
        "another field of an unknown object",
        "const others: any[] = [{ run: tagOf }]",
        "function found(): any { return others[0].run }",
    ),
    way(
        "a copied field",
        "const other: any = { value: 1 }",
        "function found(): any { Object.assign(other, { value: tagOf }); return other.value }",
    ),
    way(
        "a variable of a closure",
        "function keeper(): any { let kept: any = 0; return (value: any) => { const old = kept; kept = value; return old } }",
        "const keep = keeper()",
        "function found(): any { keep(tagOf); return keep(0) }",
    ),
    way("an exception", "function found(): any { try { throw tagOf } catch (e) { return e } }"),
    way(
        "an argument of an array's callback",
        "const list: any[] = [tagOf]",
        "function found(): any { let seen: any = 0; list.forEach((each: any) => { seen = each }); return seen }",
    ),
    way("the machine", "const math: any = [Math][0]", "function found(): any { return math.abs }"),
    way("a method of another object", "const other: any = new Box()", "function found(): any { return other.read }"),
    way(
        "the parameter of a bound method",
        "class Keeper { keep(value: any): void { box.value = value } }",
        "const keep = new Keeper().keep",
        "function found(): any { keep(tagOf) }",
    ),
    way(
        "the parameter of a bound method that is started",
        "class Keeper { last(...all: any[]): void { box.value = all[1] } }",
        "const last: any = new Keeper().last",
        "function found(): any { last.start(1, tagOf) }",
    ),
    way(
        "the receiver of a method of arrays",
        "const lists: any = Array.prototype",
        "lists.self = function (this: any): any { return this }",
        "const list: any = [tagOf]",
        "function found(): any { return list.self()[0] }",
    ),
    way(
        "the result of a bound method",
        "class Maker { make(): any { return tagOf } }",
        "const make = new Maker().make",
        "function found(): any { return make() }",
    ),
    way(
        "the rest parameter of a bound method",
        "class Keeper { last(...all: any[]): any { return all[1] } }",
        "const last = new Keeper().last",
        "function found(): any { return last(1, tagOf) }",
    ),
    way("a native of the machine", "function found(): any { return Math.abs }"),
    way(
        "Object.assign",
        "const target: any = { value: 1 }",
        "function found(): any { return (Object.assign(target, { value: tagOf }) as any).value }",
    ),
    way(
        "a constructor that returns it",
        "class Maker { constructor() { return tagOf as any } }",
        "function found(): any { return new Maker() }",
    ),
    way(
        "an array that is made of it",
        "const made: any = new (Array as any)(1, tagOf)",
        "function found(): any { return made[1] }",
    ),
]

/** Objects that become dictionaries, though every name stands in the text. */
export const WIDE_OBJECTS: WrittenProgram[] = [95, 127, 200].map((fields) => ({
    name: `an object with ${fields} more fields than its class`,
    source: program(
        "class Wide {",
        "    low = 1",
        "    high = 2",
        "    sum(more: (wide: any) => void): string { const low = this.low; more(this); return low + ' ' + this.low + this.high }",
        "}",
        "function widen(wide: any): void {",
        ...Array.from({ length: fields }, (_, i) => `    wide.field${i} = ${i}`),
        "    wide.low = 5",
        "}",
        "const all: any[] = [new Wide(), new Wide()]",
        "for (const wide of all) console.log(wide.sum(widen), wide.sum(widen), wide.field0)",
    ),
}))
