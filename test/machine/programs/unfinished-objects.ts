import * as ds from "@devicescript/core"

/* Objects whose fields are not where their class usually has them: translated functions continue in the interpreter. */

class Base {
    first = 1

    constructor(readonly early: boolean) {
        this.begin()
    }

    begin(): void {}
}

class Derived extends Base {
    second = 2
    third = "three"
    fourth = 0

    /** Called before the fields of the class are stored. */
    override begin(): void {
        console.log(this.first, this.second, this.third)
        this.fourth = 7
        if (this.early) this.third = "early"
        console.log(this.fourth, this.third)
    }

    sum(n: number): number {
        let sum = this.first
        for (let i = 0; i < n; i++) {
            sum += this.second
            this.fourth = this.fourth + i
        }
        return sum + this.fourth
    }

    async wait(other: Derived | undefined): Promise<string> {
        this.fourth++
        if (other !== undefined) other.second += this.fourth
        await ds.sleep(1)
        this.fourth++
        await ds.sleep(1)
        const seen = other === undefined ? "nobody" : other.third + other.second
        return this.third + this.fourth + seen
    }
}

class Holder {
    count = 3
    later: number | undefined = undefined

    constructor(public callback: any) {}

    run(): any {
        const f = this.callback
        this.later = 5
        return f === undefined ? "none" : f(this.count)
    }

    same(): boolean {
        return this.callback === this.callback
    }
}

const objects = [new Derived(false), new Derived(true), new Derived(false)]
for (const turn of [0, 1, 5]) for (const each of objects) console.log(turn, each.sum(turn), each.third)
for (const each of objects) {
    console.log(await each.wait(undefined))
    console.log(await each.wait(objects[1]))
}

function twice(this: any, n: number): number {
    return n * 2 + (this === undefined ? 0 : this.count)
}
let sum = 0
for (const callback of [undefined, (n: number) => n + 1, (n: number) => (sum += n), twice]) {
    const holder = new Holder(callback)
    console.log(holder.run(), holder.run(), holder.later, sum)
    console.log(new Holder(callback).later, holder.count)
}
console.log(new Holder(undefined).same())

function describe(of: Derived): string {
    return `${of.first} ${of.second} ${of.third}`
}
for (const each of [objects[0], undefined, { first: 9, third: "map", second: 8 }, objects[1], 5, "text", [1], null]) {
    try {
        console.log(describe(each as any))
    } catch (e: any) {
        console.log(e.name, e.message)
    }
}
ds.restart()
