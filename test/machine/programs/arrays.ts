import * as ds from "@devicescript/core"

const t = (f: () => any) => {
    try {
        console.log(f())
    } catch (e: any) {
        console.log(e.name, e.message)
    }
}
const base: any = [5, 3, 9, 1]
for (const a of [-9, -2, 0, 1, 3, 4, 9]) for (const b of [-9, -1, 0, 2, 4, 9]) console.log(a, b, base.slice(a, b).join())
for (const at of [0, 1, 4, 9]) {
    const copy: any = base.slice()
    copy.insert(at, 2)
    console.log(copy.length, copy)
    copy.insert(0, -3)
    console.log(copy.length)
}
console.log(base.map((x: number) => x * 2), base.filter((x: number) => x > 3), base.find((x: number) => x > 5), base.findIndex((x: number) => x > 99))
console.log(base.some((x: number) => x === 9), base.every((x: number) => x > 0), base.reduce((p: number, x: number) => p + x, 0), base.includes(3))
const sorted = base.slice()
sorted.sort((x: number, y: number) => x - y)
console.log(sorted, base.at(-1), base.pop(), base.shift(), base.unshift(7), base.push(8, 9), base)
t(() => base.pushRange(3))
t(() => (base[9000] = 1))
t(() => Array(3).length)
t(() => Array(1, 2, 3).join("-"))
const o: any = { b: 1, a: 2, 10: "x" }
o.c = 3
delete o.b
o.b = 4
console.log(o, Object.keys(o), Object.values(o), JSON.stringify(Object.assign({ z: 0 }, o)))
for (const k in o) console.log(k, o[k])
const many: any = {}
for (let i = 0; i < 40; i++) many["k" + (i * 7 % 41)] = i
for (let i = 0; i < 41; i += 3) delete many["k" + i]
console.log(Object.keys(many).join(), many.k1, many["k" + 2], many.k3)
t(() => Object.keys(undefined as any))
t(() => Object.setPrototypeOf(1 as any, {}))
ds.restart()
