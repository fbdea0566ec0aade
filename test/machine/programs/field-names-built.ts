import * as ds from "@devicescript/core"
// Computed keys find the fields of that name.
const table: any = { key0: "zero", key1: "one", key2: "two" }
for (let i = 0; i < 4; i++) console.log(table["key" + i] === undefined ? "none" : table["key" + i])
console.log(table.key1)
class Store {
    field7 = 7
    get1(i: number): number {
        const me: any = this
        return me["field" + i]
    }
}
console.log(new Store().get1(7))
ds.restart()
