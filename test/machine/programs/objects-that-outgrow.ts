import * as ds from "@devicescript/core"

// objects of a class that get more fields than others of the class had before: their tables move, and collections find the room
class Small {
    constructor(public first: number) {}
}
class Growing {
    a: any
    b: any
    constructor(fields: number, rest: any) {
        const any: any = this
        this.a = fields
        if (fields > 1) this.b = rest
        if (fields > 2) any.c = [fields]
        if (fields > 3) any.d = "d" + fields
        if (fields > 4) any.e = new Small(fields)
        if (fields > 5) any.f = any.d + any.e.first
        if (fields > 6) any.g = any
    }
    sum(): number {
        const any: any = this
        return this.a + (any.c === undefined ? 0 : any.c[0]) + (any.e === undefined ? 0 : any.e.first)
    }
}
function garbage(): number {
    let length = 0
    for (let i = 0; i < 60; i++) length += ("x" + i + "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy").length
    return length
}
const kept: Growing[] = []
for (let round = 0; round < 6; round++) {
    for (let fields = 1; fields < 8; fields++) kept.push(new Growing((fields * 5 + round) % 7 + 1, new Small(round)))
    garbage()
    const old: any = kept[round * 2]
    old.late = round
    old["made" + round] = round
    delete old.b
}
for (const one of kept) console.log(one.sum(), Object.keys(one).join(), (one as any).f, (one as any).late)
const large: any = new Small(0)
for (let i = 0; i < 140; i++) {
    large["k" + (i % 70)] = i
    if (i % 35 === 0) garbage()
}
console.log(Object.keys(large).length, large.k69, large.first)
const copy: any = new Growing(4, 1)
Object.assign(copy, kept[3])
garbage()
console.log(Object.keys(copy).join(), copy.sum(), copy instanceof Growing, new Growing(7, 0).sum())
ds.restart()
