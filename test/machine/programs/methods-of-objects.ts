import * as ds from "@devicescript/core"
class A {
    n = 1
    p() {
        return this.n
    }
    turnOn(): number {
        console.log("on")
        console.log("again")
        return this.n
    }
}
const a: any = new A()
a.turnOn()
a.turnOn()
const parsed = JSON.parse('{"turnOn": 7}')
console.log(parsed.turnOn, a.p())
ds.restart()
