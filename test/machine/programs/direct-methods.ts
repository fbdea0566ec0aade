import * as ds from "@devicescript/core"
// Devirtualization: methods of objects whose class is known from where they were created, and of some whose class is not.
class Lamp {
    level = 0
    set1(level: number): number {
        this.level = level
        return this.level + 1
    }
    touch(): string {
        return "lamp " + this.level
    }
    noThis(): string {
        console.log("noThis of Lamp")
        return "nothing of this"
    }
}
class Motor {
    speed = 1
    touch(): string {
        return "motor " + this.speed
    }
    noThis(): string {
        return "motor"
    }
}
class Fan extends Motor {
    blades = 3
    override touch(): string {
        return "fan " + this.blades
    }
    count(): number {
        return this.blades + this.speed
    }
}
class House {
    lamp: Lamp = new Lamp()
    motor: Motor = new Fan()
    other: any = undefined
    run(): void {
        console.log(this.lamp.touch(), this.motor.touch())
        console.log(this.lamp.set1(3), this.lamp.touch())
        console.log(this.lamp.noThis())
        this.other = this.lamp
        console.log(this.other.touch())
        this.other = this.motor
        console.log(this.other.touch())
    }
}
const house = new House()
house.run()
function attempt(what: () => any): void {
    try {
        console.log(what())
    } catch (e: any) {
        console.log(e instanceof TypeError)
    }
}
class Log {
    lines = 0
    quiet(n: number): number {
        // Does not use `this` before its side effect.
        console.log("effect", n)
        return n + this.lines
    }
    constant(): number {
        return 7
    }
    loop(n: number): number {
        let sum = 0
        while (n > 0) {
            sum = sum + n
            n = n - 1
        }
        return sum + this.lines
    }
}
class Holder {
    log: Log = undefined
    logs: Log[] = []
    use(n: number): number {
        return this.log.quiet(n)
    }
    seven(): number {
        return this.log.constant()
    }
    looped(n: number): number {
        return this.logs[n].loop(n)
    }
}
const holder = new Holder()
attempt(() => holder.use(1))
attempt(() => holder.seven())
attempt(() => holder.looped(2))
holder.log = new Log()
holder.logs.push(holder.log)
attempt(() => holder.use(2))
attempt(() => holder.seven())
attempt(() => holder.looped(0))
attempt(() => holder.looped(1))
holder.log = null
attempt(() => holder.use(3))
attempt(() => holder.seven())
// A method as a value, bound to its object; another class has a method of the same name.
class Reader {
    at = 2
    next1(): number {
        this.at++
        return this.at
    }
}
class Writer {
    at = 20
    next1(): number {
        this.at--
        return this.at
    }
}
const reader = new Reader()
const next = reader.next1
const writer = new Writer()
console.log(next(), writer.next1(), next(), reader.next1(), writer.next1())
function either(first: boolean): any {
    return first ? reader : writer
}
console.log(either(true).next1(), either(false).next1())
// A field that holds a function hides the method from now on.
class Door {
    opened = 0
    open1(): string {
        this.opened++
        return "method " + this.opened
    }
}
class Gate {
    door = new Door()
    pass(): string {
        return this.door.open1()
    }
}
const gate = new Gate()
console.log(gate.pass())
gate.door.open1 = () => "field"
console.log(gate.pass(), gate.door.opened)
// Objects from arrays, closures and global variables.
const all: any[] = [new Lamp(), new Motor(), new Fan()]
for (const each of all) console.log(each.touch())
console.log(all[2].count())
let late: Motor = undefined
attempt(() => late.noThis())
late = new Motor()
attempt(() => late.noThis())
late = new Fan()
attempt(() => late.touch())
function visit(list: any[], f: (each: any) => any): void {
    for (const each of list) console.log(f(each))
}
visit(all, each => each.touch())
visit([reader, writer], each => each.next1())
// Eight arguments: with the object as a ninth, they would be too many for a call.
class Many {
    base = 1
    sum(a: number, b: number, c: number, d: number, e: number, f: number, g: number, h: number): number {
        return this.base + a + b + c + d + e + f + g + h
    }
    rest(...all: number[]): number {
        return this.base + all.length
    }
    optional(a: number, b?: number): string {
        return this.base + " " + a + " " + b
    }
}
const many = new Many()
console.log(many.sum(1, 2, 3, 4, 5, 6, 7, 8), many.rest(1, 2, 3), many.rest(), many.optional(1), many.optional(1, 2))
ds.restart()
