import * as ds from "@devicescript/core"

class Shape {
    static made: number
    tags: string[] = []
    constructor(public name: string) {
        Shape.made = Shape.made + 1
    }
    area() {
        return 0
    }
    tell() {
        return this.name + ":" + this.area() + ":" + this.tags.join()
    }
    static of(n: number) {
        return n > 0 ? new Square(n) : new Shape("none")
    }
}
class Square extends Shape {
    constructor(public side: number) {
        super("square")
        this.tags.push("s" + side)
    }
    override area() {
        return this.side * this.side
    }
}
class Cube extends Square {
    override area() {
        return 6 * this.side * this.side
    }
}
class Odd extends Error {
    constructor(public code: number) {
        super("odd " + code)
        this.name = "Odd"
    }
}
Shape.made = 0
const shapes = [new Shape("x"), Shape.of(3), Shape.of(0), new Cube(2)]
for (const s of shapes) console.log(s.tell(), s instanceof Shape, s instanceof Square, s instanceof Cube, s)
console.log(Shape.made, typeof Shape, typeof shapes[0].tell)
const tell = shapes[1].tell
console.log(tell(), shapes.map(s => s.area()).join())
const fail = (n: number): any => {
    try {
        if (n === 0) throw new Odd(7)
        if (n === 1) throw new TypeError("t")
        if (n === 2) return (undefined as any).x
        if (n === 3) return "value"
        throw "text"
    } catch (e: any) {
        if (e instanceof Odd) return e.name + e.code + e.message
        if (n > 3) throw e
        return e.name + "/" + e.message
    } finally {
        console.log("finally", n)
    }
}
for (let i = 0; i < 4; i++) console.log(fail(i))
try {
    fail(9)
} catch (e) {
    console.log("outer", e)
}
function early(n: number): string {
    for (let i = 0; i < 5; i++) {
        try {
            if (i === n) return "r" + i
            if (i === 3) break
            if (i === 1) continue
        } finally {
            console.log("f", i)
        }
    }
    return "end"
}
console.log(early(0), early(2), early(9))
const make = () => {
    let n = 0
    return { up: () => ++n, get: () => n }
}
const c1 = make(), c2 = make()
c1.up()
c1.up()
c2.up()
console.log(c1.get(), c2.get(), Shape.of.name, make.name, (() => 1).name)
const rest = (a: number, ...more: number[]) => a + ":" + more.join()
console.log(rest(1), rest(1, 2), rest(1, 2, 3, 4))
ds.restart()
