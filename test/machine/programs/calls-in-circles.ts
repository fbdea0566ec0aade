import * as ds from "@devicescript/core"
// Mutual recursion of functions that are each called in one place.
function even(n: number, steps: string[]): boolean {
    steps.push("even " + n)
    if (n === 0) return true
    const rest = odd(n - 1, steps)
    steps.push("back " + n)
    return rest
}
function odd(n: number, steps: string[]): boolean {
    steps.push("odd " + n)
    if (n === 0) return false
    return third(n - 1, steps)
}
function third(n: number, steps: string[]): boolean {
    const before = steps.length
    const result = even(n, steps)
    steps.push(before + " " + n)
    return result
}
const steps: string[] = []
console.log(even(4, steps), steps.join(","))

// A state machine of methods that are each called in one place.
class Machine {
    trace = ""
    run(n: number): string {
        this.trace = this.trace + "r" + n
        if (n > 0) this.first(n)
        return this.trace
    }
    private first(n: number): void {
        this.trace = this.trace + "f" + n
        if (n > 1) this.second(n - 1)
    }
    private second(n: number): void {
        this.trace = this.trace + "s" + n
        this.first(n - 1)
        this.run(0)
    }
}
console.log(new Machine().run(5))
ds.restart()
