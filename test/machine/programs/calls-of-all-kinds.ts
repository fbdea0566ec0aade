import * as ds from "@devicescript/core"

// calls of functions, closures, bound methods, constructors and natives, and calls with argument lists
class Shape {
    sides = 0
    constructor(public name: string) {}
    tell(extra: any): string {
        return this.name + ":" + this.sides + ":" + extra
    }
    twice(extra: any): string {
        return this.tell(extra) + "/" + this.tell(this.sides)
    }
}
class Square extends Shape {
    constructor(public width: number) {
        super("square")
        this.sides = 4
    }
    override tell(extra: any): string {
        return this.name + "=" + this.width * this.width + extra
    }
}
function add(a: any, b: any): any {
    return a + b
}
function many(a: any, b: any, c: any, d: any, e: any, f: any, g: any): string {
    return [a, b, c, d, e, f, g].map(v => "" + v).join()
}
function rest(first: any, ...others: any[]): string {
    return first + "|" + others.join()
}
function apply(f: any, a: any, b: any): any {
    return f(a, b)
}
function adder(n: number): (a: number) => number {
    return a => a + n
}
function chain(n: number): any {
    const make = adder(n)
    return apply(make, add(n, 1), 0)
}
function even(n: number): boolean {
    return n === 0 ? true : odd(n - 1)
}
function odd(n: number): boolean {
    return n === 0 ? false : even(n - 1)
}
// deeper than functions may call each other on the host's stack, and back
function sum(n: number): number {
    if (n === 0) return 0
    const rest = sum(n - 1)
    return rest + n
}
function folded(list: number[]): number {
    let total = 0
    list.forEach(v => {
        total = add(total, sum(v))
    })
    return total
}
function over(values: any[]): string {
    return many(values[0], values[1], values[2], values.length, add(values[0], values[1]), typeof values[2], -values[0])
}
const shape: any = new Square(3)
const bound: any = shape.tell
console.log(shape.twice(1), new Shape("none").twice(2), bound("bound"), apply(bound, 5, 6))
console.log(add(1, 2), add("a", 1), add(0.5, 0.25), add(undefined, 1), chain(20))
console.log(over([1, 2, "x"]), (many as any)(1), rest(1), rest(1, 2), rest(1, 2, 3, 4))
console.log(rest(0, ...[1, 2, 3]), even(40), odd(40), even(37), sum(60))
console.log(folded([1, 5, 30]), apply(Math.max, 4, 9), apply(sum, 3, 4))

// the callee is evaluated before the arguments
const target: any = { f: (a: any) => "old " + a }
function swapped(): any {
    target.f = (a: any) => "new " + a
    return target.f("")
}
console.log(target.f(swapped()), target.f("now"))

// the receiver of a call that was abandoned is not the receiver of a later call
function receiver(this: any): any {
    return this
}
function broken(o: any, nothing: any): string {
    try {
        o.tell(nothing.field)
    } catch (e: any) {
        const plain: any = receiver
        return "" + plain() + typeof plain()
    }
    return "no exception"
}
console.log(broken(shape, undefined))
ds.restart()
