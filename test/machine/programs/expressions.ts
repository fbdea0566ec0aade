import * as ds from "@devicescript/core"

// order of evaluation: intermediate values are kept while others are computed
const trail: string[] = []
function note(v: any): any {
    trail.push("" + v)
    return v
}
class Cell {
    constructor(public v: any) {}
    next(): Cell {
        return new Cell(this.v + 1)
    }
}
function mixed(a: any, b: any, c: any): any {
    return [a + b * c, (a + b) * (c - a) + (a ^ b), a < b && b < c, a / 2 + b / 4 + c / 8, (a << 3) | (b >>> 1), -a - ~b]
}
console.log(mixed(1, 2, 3), mixed(0.5, 1e10, -3), mixed(2147483647, 1073741823, -1073741824), mixed("a", 1, true))
console.log(note(1) + note(2) * note(3) - note(4), trail.join())
function texts(a: any, b: any): string {
    return a + (b + a) + ("<" + a + b + ">") + `${a}${b}${a + b}` + (a + b).length
}
console.log(texts("x", 1.5), texts("é", "€"), texts(0.1, 0.2))
function chained(c: Cell): any {
    return c.next().next().v + new Cell(c.v * 0.5).next().v
}
console.log(chained(new Cell(1)), chained(new Cell(0.25)), chained(new Cell("s")))
const nowhere: any = undefined
function zeros(minus: number, zero: number): any {
    return [minus === zero, zero === minus, minus < zero, 1 / (minus + 0) === 1 / zero, !minus, !!zero]
}
console.log(zeros(0 * -1, 0), zeros(-0.5 + 0.5, 0), zeros(-(0.5 - 0.5), 0))
function compared(a: any, b: any): any {
    return [a === b, a !== b, a < b, a <= b, a > b, a >= b].map(v => (v ? 1 : 0)).join("")
}
const samples: any[] = [0, 1, -1, 0.5, 1073741824, 3e9, NaN, Infinity, "", "1", "a", true, false, null, undefined]
samples.forEach(a => console.log(a, samples.map(b => compared(a, b)).join(" ")))
function kinds(v: any): string {
    return typeof v + (v === undefined) + (v === null) + (v ?? "none") + (v ? "yes" : "no") + !v
}
for (const v of [...samples, Math, Cell, samples.length]) console.log(kinds(v))
function limits(n: number): string {
    return [n + 1, n - 1, n + n, n - -n, -n, ~n, n & -2, n | 1, n ^ -1, n * 2, n >> 1, n >>> 1, n << 1, Math.abs(n)].join()
}
for (const n of [1073741823, -1073741824, 1073741824, 2147483647, -2147483648, 4294967295, 0.5]) console.log(limits(n))
function places(list: any[], bytes: Buffer, o: any, key: any): any {
    bytes[0] = bytes[1] + 255
    bytes[1] = -1
    list[list.length] = list[0] + bytes[0]
    o[key] = o[key] === undefined ? key : o[key] + key
    o["x" + key] = list.length
    delete o.old
    return [list[9], bytes[1], bytes[key], list["length"], bytes.length, (key + "abc")["length"], o[key], o["x" + key]]
}
const keyed: any = { old: 1, 2: "two" }
console.log(places([1], Buffer.from([5, 6, 7]), keyed, 2), places([1, 2], Buffer.from([5, 6]), keyed, "k"), keyed)
console.log(nowhere?.field, nowhere ?? "default", (nowhere || keyed).k)
// Integers together with numbers outside the range of 32-bit integers, some of them just outside.
for (const far of [1e12, -1e12, 4294967296, -4294967296, 4294967295, 2147483648, -2147483649, NaN, Infinity, -Infinity])
    for (const near of [0, 5, -5, 2147483647])
        console.log(far < near, far <= near, near < far, near <= far, far > near, near >= far)
ds.restart()
