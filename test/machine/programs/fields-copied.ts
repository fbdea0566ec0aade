import * as ds from "@devicescript/core"
// Fields copied by spreading or Object.assign, some of which hold functions and classes.
class Limits {
    peers = 3
    first: any = undefined
    describe: (text: string) => string = (text) => "limits " + text
    total(): number {
        return this.peers * 2
    }
}
class Other {
    peers = 100
    label = "other"
}
function show(x: any): string {
    return [x.peers, x.label, x.first, x.extra].join(" ")
}
const limits = new Limits()
limits.first = new Other()
const copy = { ...limits, extra: "more" }
const target: any = new Other()
Object.assign(target, copy)
console.log(copy.peers, copy.extra, copy.first.label, copy.describe("copied"), copy.first.peers)
console.log(target.peers, target.label, target.extra, target.describe("again"), target.first.label)
console.log(show({ ...new Other() }), show({ peers: 1, ...{ first: 2 } }), limits.total())
const failure: any = { ...new Error("reason") }
console.log(failure.message, failure.label)
class Cat {
    sound(): string {
        return "meow " + this.lives
    }
    lives = 9
}
class Dog {
    sound(): string {
        return "woof " + this.lives
    }
    lives = 1
}
class Home {
    pet: any = new Dog()
    hear(): string {
        return this.pet.sound()
    }
}
const home = new Home()
console.log(home.hear())
Object.assign(home, { pet: new Cat() })
console.log(home.hear())
ds.restart()
