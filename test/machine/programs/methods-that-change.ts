import * as ds from "@devicescript/core"
class A {
    x = 4
    m(x: number) {
        console.log("m", x, this.x)
    }
    p(): number {
        return this.x
    }
}
function change() {
    A.prototype.m = function (this: A, x: number) {
        console.log("new", x)
    }
}
function early(a: any) {
    try {
        console.log(a.later(1))
    } catch (e: any) {
        console.log(e instanceof TypeError)
    }
}
function run(a: A): void {
    const f = a.m
    change()
    f(2)
    a.m(3)
}
const a = new A()
early(a)
run(a)
if (a.p() > 0) console.log("on")
;(A.prototype as any).later = function (this: A, n: number) {
    return this.x + n
}
early(a)
function init(c: boolean) {
    if (c) console.log("c")
    ;(A.prototype as any).s = function (this: any) {
        console.log("s")
        console.log(this.x)
    }
    ;(A.prototype as any).t = function (this: any) {
        console.log("t")
        console.log(this.x)
    }
    console.log("z")
}
init(true)
init(false)
const any: any = a
any.s()
any.t()
ds.restart()
