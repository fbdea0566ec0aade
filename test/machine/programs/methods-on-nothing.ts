import * as ds from "@devicescript/core"
class Box {
    say(): void {
        console.log("said")
    }
}
const boxes: Box[] = [new Box()]
class R {
    x = 1
    run(i: number) {
        console.log("run", this.x)
        console.log(i)
        const c = boxes[i]
        console.log(c === undefined)
        c.say()
        console.log("x")
    }
}
const r = new R()
r.run(0)
try {
    r.run(1)
} catch (e: any) {
    console.log(e instanceof TypeError)
}
class A {
    x = 4
    m(x: number) {
        console.log("m", x)
        return this.x
    }
    q() {
        return this.m(1)
    }
}
function run(a: A, c: boolean): number {
    const f = a.m
    if (c) return f(2)
    return 7
}
console.log(run(new A(), true), run(new A(), false), new A().q())
try {
    console.log(run(undefined, false))
} catch (e: any) {
    console.log(e instanceof TypeError)
}
const state: any = { n: 0 }
function effect(a: A): number {
    const f = a.m
    state.n = 1
    return f(2)
}
try {
    effect(undefined)
} catch (e: any) {
    console.log(state.n, e instanceof TypeError)
}
const unbound: any[] = [
    function (this: any, c: number) {
        const v = this.x
        if (c > 1) return c + v
        return 3
    },
]
for (const c of [0, 2])
    try {
        console.log(unbound[0](c))
    } catch (e: any) {
        console.log(e instanceof TypeError)
    }
ds.restart()
