import * as ds from "@devicescript/core"

const s: any = "hello, wörld €"
const wide: any[] = [-20, -3, -1, 0, 1, 5, 13, 14, 99]
for (const a of wide) console.log(a, s.slice(a), s.charAt(a), s[a], "abc".slice(a, 2))
for (const a of wide) for (const b of wide) console.log(s.slice(a, b).length)
for (const t of ["l", "lo", "", "€", "x", "hello, wörld €"]) console.log(s.indexOf(t), s.indexOf(t, 3), s.lastIndexOf(t), s.includes(t))
console.log(s.startsWith("hell"), s.endsWith("€"), s.split("").length, s.split(", ").join("|"), s.toUpperCase(), " x ".trim())
console.log(String.fromCharCode(72, 228, 8364), s.charCodeAt(8), s.length, s.byteLength, "".length)
const strange: any[] = [undefined, null, true, 5, 0.5, [1, [2]], { a: { b: "c" } }, () => 1, Buffer.from("hi"), Math.floor]
for (const v of strange) console.log("" + v, [v].join(), `${v}`, typeof v)
for (const v of strange) console.log(v)
const long: any = {}
for (let i = 0; i < 30; i++) long["key" + i] = i
console.log(long)
console.log({ "a b": 1, $c: 2, _d: 3, "": 4 }, [undefined, null], [[[]]], { f: { g: [] } })
const f: any = ds.format
console.log(f("{0}{1}{2}", 1, "b"), f("{05} {00} {0a}", 3.14159265), f("{{{0}}}", 7), f("{x}", 1), f("{0", 1), f("}", 1))
ds.restart()
