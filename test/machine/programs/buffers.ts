import * as ds from "@devicescript/core"

const t = (f: () => any) => {
    try {
        console.log(f())
    } catch (e: any) {
        console.log(e.name, e.message)
    }
}
const b = Buffer.from([1, 2, 3, 4, 5, 6, 7, 8, 250, 251, 252, 253])
const formats: any[] = [0, 1, 2, 3, 4, 5, 6, 7]
for (let i = 0; i < 12; i++)
    console.log(i, b.getAt(i, "u8"), b.getAt(i, "i8"), b.getAt(i, "u16"), b.getAt(i, "i16"), b.getAt(i, "u32"), b.getAt(i, "i32"))
console.log(b.getAt(0, "u22.10"), b.getAt(4, "u16.16"), b.getAt(2, "u8.8"), formats.length)
const c = Buffer.alloc(8)
for (const v of [0, 1, -1, 127, 128, 255, 256, 65535, 65536, -32769, 2147483648, 0.5, 1.5, 1e10] as any[]) {
    c.setAt(0, "u8", v)
    c.setAt(1, "i8", v)
    c.setAt(2, "u16", v)
    c.setAt(4, "u32", v)
    console.log(v, c)
    c.setAt(0, "i16", v)
    c.setAt(4, "i32", v)
    c[3] = v
    console.log(c)
}
t(() => c.setAt(7, "u16", 1))
t(() => c.getAt(7, "u16"))
t(() => (c[8] = 1))
t(() => c[8])
t(() => Buffer.from("zz0g1", "hex"))
t(() => Buffer.from("ab", "what" as any))
t(() => Buffer.from({} as any))
t(() => Buffer.alloc(100000))
t(() => (hex`0102` as any).setAt(0, "u8", 1))
for (const n of [1, 3, 5, 7, -1, -4, 12]) {
    c.rotate(n)
    console.log(c)
}
c.fillAt(2, 3, 9)
c.fillAt(6, 99, 8)
c.blitAt(0, hex`aabbccdd`, 1, 2)
c.blitAt(7, hex`aabbccdd`, 0, 4)
console.log(c, c.indexOf(9), c.indexOf(9, 3), c.indexOf(77), c.lastIndexOf(9), c.slice(2, 5), Buffer.concat(c, hex`01`, c).length)
console.log(hex`ff41c3a9`.toString(), hex`e282ac`.toString(), hex`0aff`.toString("hex"))
ds.restart()
