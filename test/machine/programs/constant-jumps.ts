import * as ds from "@devicescript/core"
// Jump threading: a constant decides a later condition, either way.
function find(list: number[], wanted: number): number | undefined {
    for (const each of list) if (each === wanted) return each
    return undefined
}
function found(list: number[], wanted: number): string {
    const each = find(list, wanted)
    if (each === undefined) return "none"
    return "found " + each
}
console.log(found([1, 2, 3], 2), found([1, 2, 3], 4), found([], 0), found([0], 0))
function both(a: boolean, b: boolean): string {
    let ready = false
    if (a) ready = true
    else if (b) ready = false
    let text = ready ? "ready" : "waiting"
    if (!ready) text = text + "!"
    while (ready) {
        text = text + "."
        if (text.length > 8) ready = false
    }
    return text
}
console.log(both(true, false), both(false, true), both(false, false))
function state(n: number): any {
    let result: any = undefined
    if (n > 3) result = 0
    else if (n > 2) result = null
    else if (n > 1) result = ""
    else if (n > 0) result = 0.5
    return result ? "truthy" : result === undefined ? "undefined" : "falsy"
}
console.log(state(0), state(1), state(2), state(3), state(4))
function handled(n: number): string {
    let ok = false
    try {
        if (n > 1) throw new Error("no")
        ok = true
    } catch (e: any) {
        ok = false
    } finally {
        n = n + 1
    }
    return ok ? "ok " + n : "failed " + n
}
console.log(handled(1), handled(2))
ds.restart()
