import * as ds from "@devicescript/core"
// Functions that create their first closure late, or not at all: their variables move to the heap only then.
function depth(n: number): number {
    return n === 0 ? 0 : 1 + depth(n - 1)
}

// The stack grows before the closure exists, and after it.
function around(n: number): string {
    let low = n
    let high = n * 2
    low = low + depth(5)
    const before = low
    const add = (more: number): number => {
        low = low + more
        return low + high
    }
    high = high + depth(40)
    return [before, add(1), low, depth(20), add(2), high].join()
}
console.log(around(1), around(10))

// On some paths there is no closure.
function maybe(list: number[], wanted: boolean): string {
    let sum = 0
    for (let i = 0; i < list.length; i++) sum = sum + list[i]
    if (wanted)
        list.forEach((n) => {
            sum = sum - n
        })
    return sum + " of " + list.length
}
console.log(maybe([1, 2, 3], false), maybe([1, 2, 3], true), maybe([], true))

// Several closures of one call share its variables; another call has its own.
function pair(start: number): Array<() => number> {
    let n = start
    const up = (): number => {
        n = n + 1
        return n
    }
    n = n + 10
    const down = (): number => {
        n = n - 1
        return n
    }
    n = n + 100
    return [up, down]
}
const [one, two] = [pair(0), pair(1000)]
console.log(one[0](), one[0](), one[1](), two[1](), two[0]())

// Missing arguments, and one that collects the rest.
function optional(a: number, b?: number, ...rest: number[]): () => string {
    let text = a + "," + b
    if (rest.length > 0) text = text + "," + rest.length
    return () => {
        text = text + ";" + b + rest.length
        return text
    }
}
console.log(optional(1)(), optional(1, 2)(), optional(1, 2, 3, 4)())

// A handler is set before the closure exists, and catches an exception after it.
function handled(fail: boolean): string {
    let stage = "none"
    const before = stage
    try {
        stage = "try"
        const set = (text: string): void => {
            stage = text
            if (fail) throw new Error(text)
        }
        set("closure")
        stage = stage + "!"
    } catch (e: any) {
        stage = stage + " " + e.message
    } finally {
        stage = stage + " " + before
    }
    return stage
}
console.log(handled(false), handled(true), handled(false))

// The fiber waits before the closure exists, and after it.
async function waiting(n: number): Promise<string> {
    let count = n
    await ds.sleep(1)
    count = count + 1
    const twice = (): number => {
        count = count * 2
        return count
    }
    await ds.sleep(1)
    count = count + 1
    const first = twice()
    await ds.sleep(1)
    return first + " " + twice() + " " + count
}
console.log(await waiting(1), await waiting(5))

// A method and a constructor.
class Scale {
    private factor = 2
    readonly values: number[]
    constructor(list: number[], extra: number) {
        let total = extra
        for (const n of list) total = total + n
        this.values = list.map((n) => n * total)
    }
    scaled(): number[] {
        let factor = this.factor
        factor = factor + 1
        return this.values.map((n) => n * factor)
    }
}
console.log(new Scale([1, 2], 1).values, new Scale([3], 0).scaled())
ds.restart()
