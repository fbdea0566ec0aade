import * as ds from "@devicescript/core"

// formatting and parsing of numbers of many magnitudes, without values that carry into a new digit: there the official machine prints ":"
const values: any[] = [0.5, 0.25, 1.125, 100.0625, 12345.5, 99999.5, 1e15, 123456789012345, 1e-5, 0.00012, 1.5e-6, 2.5e25, 3.25e100]
for (const v of values) console.log(v, -v, "" + v)
for (let e = -6; e < 21; e++) console.log(Math.pow(10, e) * 3, Math.pow(2, e))
const texts = ["1e3", "1e+3", "1E-2", " 42x", "-0x10", "0x", ".5", "5.", "-.25e1", "e5", "inf", "-inf", "+7", "--1", "1_000", "00012"]
for (const t of texts) console.log(t, parseFloat(t), parseInt(t), +(t as any))
const any: any[] = [1, -1, 0.5, 4294967295, 2147483648, -2147483649, 1e300, "12", "x", "", true, false, null, undefined]
for (const a of any) {
    console.log(a | 0, a >>> 1, a << 3, a >> 1, ~a)
    console.log(-a, a * 2, a - 1, a / 2)
}
for (const a of any) for (const b of any) console.log(a < b, a <= b, a === b, (a & b) | 0)
console.log(Math.idiv(7, 2), Math.idiv(-7, 2), Math.idiv(7, 0), Math.imul(65537, 65537), 7 % 3, -7 % 3, 7 % -3)
console.log(Math.floor(-0.5), Math.ceil(-0.5), Math.round(2.5), Math.round(-2.5), Math.round(0.49), Math.pow(2, 0.5) > 1.414)
console.log(Math.max(1, NaN) === 1, Math.min(3, 2), Math.abs(-2147483648), Math.log(1), Math.sign(-3))
ds.restart()
