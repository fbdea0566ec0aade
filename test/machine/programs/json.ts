import * as ds from "@devicescript/core"

const sources = ["1", "-0", "1.5e2", '"a\\n\\u0041"', "[]", "{}", '[1,[2,{"a":[]}]]', ' {"x" : {"y" : [true,false,null]}} ', "nul", "[1 2]", '{"a"}', '{"a":}', "[,]", '"', "1 1", "{1:2}", "[[[[]]]]", '{"a":1,"a":2}', "+1", ".5", "01", "1e", '"\\x"']
for (const s of sources) {
    try {
        console.log(JSON.stringify(JSON.parse(s)))
    } catch (e: any) {
        console.log(s, "->", e.message)
    }
}
const v: any = { n: 1.25, s: 'q"\\\n\t\u0001', a: [1, [], {}, undefined, null, NaN], u: undefined, o: { p: { q: {} } }, f: () => 1 }
console.log(JSON.stringify(v))
console.log(JSON.stringify(v, null, 2))
console.log(JSON.stringify([], null, 4), JSON.stringify({}, null, 4), JSON.stringify([{}], null, 1))
console.log(JSON.stringify("x"), JSON.stringify(5), JSON.stringify(null), JSON.stringify(undefined), JSON.stringify(true))
ds.restart()
