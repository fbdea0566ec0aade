import * as ds from "@devicescript/core"
// Trailing undefined arguments, and functions that can tell them from missing ones.
function optional(a: number, b?: number, c?: string): string {
    return a + " " + b + " " + c
}
console.log(optional(1, undefined, undefined), optional(2, 3, undefined), optional(4, undefined, "c"))
function changed(a?: number): number {
    if (a === undefined) a = 7
    return a
}
console.log(changed(undefined), changed(1))
function counted(...all: any[]): number {
    return all.length
}
console.log(counted(undefined), counted(1, undefined, undefined), counted())
function rest(first: any, ...others: any[]): string {
    return first + " " + others.length
}
console.log(rest(undefined, undefined), rest(1))
class Box {
    constructor(
        public value: any,
        public other?: any,
    ) {}
    set(value: any, other: any): string {
        this.value = value
        this.other = other
        return this.value + " " + this.other
    }
}
const box = new Box(1, undefined)
console.log(box.value, box.other, box.set(undefined, undefined), box.set(2, undefined))
function effects(): undefined {
    console.log("worked out")
    return undefined
}
console.log(optional(5, effects()))
ds.restart()
