import * as ds from "@devicescript/core"
function locked(o: any): number {
    let held = false
    try {
        const n = o.n
        held = true
        return n * 2
    } finally {
        console.log("held", held)
    }
}
try {
    locked(undefined)
} catch (e: any) {
    console.log("T")
}
console.log(locked({ n: 4 }))
function last(list: any[]): string {
    let found = "none"
    let n = 0
    try {
        for (const e of list) {
            const name = e.label
            n = n + 1
            found = name + n
        }
    } catch (e: any) {
        return "caught " + found + n
    }
    return found + n
}
console.log(last([{ label: "a" }, { label: "b" }, undefined]), last([{ label: "a" }]))
const table: any = {}
function replaced(v: any): any {
    try {
        v = 2
        v = table[v].x
    } catch (e: any) {
        return v
    }
    return "none"
}
console.log(replaced(513))
ds.restart()
