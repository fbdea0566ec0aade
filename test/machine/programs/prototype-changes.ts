import * as ds from "@devicescript/core"
class B {
    x = 3
    m(): number {
        return this.x
    }
}
class C {
    x = 5
    m(): number {
        return this.x + 1
    }
}
const b = new B()
console.log(b.m())
Object.setPrototypeOf(b, C.prototype)
console.log(b.m())
ds.restart()
