import * as ds from "@devicescript/core"
// Captured variables, which closures share with the enclosing function, next to variables that are not captured.
function counter(start: number): { add: (n: number) => number; get: () => number } {
    let count = start
    const step = start + 1
    const twice = step * 2
    return {
        add: (n: number) => {
            count = count + n * step
            return count
        },
        get: () => count + twice,
    }
}
const first = counter(1)
const second = counter(10)
console.log(first.add(1), second.add(1), first.get(), second.get(), first.add(2), first.get())

// A parameter that the function assigns after a closure has captured it, and one that a closure assigns.
function parameters(a: number, b: number): string {
    const before = a
    const read = () => a + b
    const change = () => {
        b = b + 1
    }
    a = a + 100
    change()
    const between = b
    change()
    return before + " " + read() + " " + between + " " + b
}
console.log(parameters(1, 2))

// A variable is read before a call that assigns it.
function order(): string {
    let text = "a"
    const append = (more: string): string => {
        text = text + more
        return text
    }
    const old = text
    const both = text + append("b") + text
    const later = text
    append("c")
    return [old, both, later, text].join()
}
console.log(order())

// Two levels of closures: the inner one uses a variable of the outermost function.
function outer(n: number): number {
    let total = n
    const middle = (m: number): number => {
        const local = m + 1
        const inner = (k: number): void => {
            total = total + k + local
        }
        inner(m)
        inner(local)
        return total
    }
    return middle(2) + middle(3)
}
console.log(outer(5), outer(0))

// A variable that only closures use, and one that a closure initializes.
function only(): string {
    let hidden: any
    let late: any
    const set = (value: any): void => {
        hidden = value
        late = [value, late]
    }
    const get = (): any => hidden
    const none = get()
    set(3)
    set(4)
    return none + " " + get() + " " + late[0] + " " + late[1][0] + " " + late[1][1]
}
console.log(only())

// Closures that natives call, in a loop, while other variables are alive.
function sums(lists: number[][]): string {
    let all = 0
    const parts: string[] = []
    for (let i = 0; i < lists.length; i++) parts.push(sumOf(lists[i], i))
    function sumOf(list: number[], place: number): string {
        let sum = place
        list.forEach((n) => {
            sum = sum + n
            all = all + 1
        })
        const mean = list.length === 0 ? 0 : sum / list.length
        return sum + "/" + mean
    }
    return parts.join(";") + " " + all
}
console.log(sums([[1, 2, 3], [], [10]]))

// After an exception, a captured variable has the value that the closure assigned.
function failing(): string {
    let stage = 0
    const step = (fail: boolean): void => {
        stage = stage + 1
        if (fail) throw new Error("stage " + stage)
    }
    let text = ""
    try {
        step(false)
        text = "one"
        step(true)
        text = "two"
    } catch (e: any) {
        text = text + ":" + e.message
    } finally {
        stage = stage * 10
    }
    return text + " " + stage
}
console.log(failing())

class Meter {
    private readonly unit: string
    constructor(
        private readings: number[],
        unit: string,
    ) {
        const scale = unit === "m" ? 1 : 1000
        this.unit = unit
        this.readings = readings.map((n) => n * scale)
    }
    text(): string {
        const unit = this.unit
        return this.readings.map((n) => n + unit).join(" ")
    }
}
console.log(new Meter([1, 2], "m").text(), new Meter([3], "mm").text())
ds.restart()
