import * as ds from "@devicescript/core"
// A field hides the method of the same name as soon as it is stored.
class Bell {
    rings = 0
    ring(): string {
        this.rings++
        return "method " + this.rings
    }
    other(): string {
        return this.ring()
    }
}
class Siren {
    ring: () => string = () => "field of its class"
}
const bell: any = new Bell()
console.log(bell.ring(), bell.other())
bell.ring = () => "own"
console.log(bell.ring(), bell.other(), bell.rings)
console.log(new Bell().ring(), new Siren().ring())
const both: any[] = [new Bell(), new Siren(), bell]
for (const one of both) console.log(one.ring())
const quiet: any = new Bell()
quiet.rings = 5
for (let i = 0; i < 3; i++) {
    console.log(quiet.ring())
    if (i === 1) quiet.ring = () => "silent"
}
ds.restart()
