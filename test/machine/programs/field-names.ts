import * as ds from "@devicescript/core"
// Nothing lists or prints fields, so their names may be shortened; fields that are accessed by a string keep their names.
class Point {
    across = 1
    down = 2
    sum(): number {
        return this.across + this.down
    }
}
const point = new Point()
const named: any = { across: 10, down: 20, only: 30 }
console.log(point.sum(), named.across, named.down, named.only)
named.only = 31
named.added = 5
console.log(named.only, named.added, named.missing === undefined, point.down)
const open: any = point
for (const name of ["across", "missing"]) console.log(open[name] === undefined ? "none" : "" + open[name])
class Base {
    shared = 1
    method1(): number {
        return this.shared
    }
}
class Derived extends Base {
    own = 2
    override method1(): number {
        return this.shared + this.own
    }
}
const both: any[] = [new Base(), new Derived(), { shared: 7, method1: () => 8 }]
for (const each of both) console.log(each.shared, each.own === undefined, each.method1())
function fields(o: any): string {
    return o.across + "," + o.down + "," + o.only
}
console.log(fields(point), fields(named))
const list: any = [1, 2, 3]
console.log(list.length, list.across === undefined, "abc".length)
try {
    const nothing: any = undefined
    nothing.across = 1
} catch (e: any) {
    console.log(e instanceof TypeError)
}
class Failure extends Error {
    reason = 3
    constructor(message: string) {
        super(message)
        this.reason = 4
    }
}
try {
    throw new Failure("failed")
} catch (e: any) {
    console.log(e.message, e.reason, e.name)
}
const bytes = Buffer.alloc(4)
bytes[1] = 9
console.log(bytes[1], bytes.length)
const counts = [0, 0, 0]
for (let i = 0; i < 9; i++) counts[i & 1] = counts[i & 1] + i
console.log(counts[0], counts[1])
const deep: any = { inner: { across: { down: 6 } } }
console.log(deep.inner.across.down)
delete deep.inner
console.log(deep.inner === undefined)
ds.restart()
