import * as ds from "@devicescript/core"
// Objects of a different class than the code suggests, and fields that are added by way of another reference to the object.
class Near {
    first = 1
    second = 2
}
class Far {
    second = 20
    third = 30
    first: any = 10
}
class Chain {
    value = 1
    self: any = this
    add(): number {
        const before = this.value
        this.self.more = 2
        this.value = before + 4
        return this.value
    }
}
function sum(pair: Near): number {
    pair.first = pair.first + 1
    return pair.first + pair.second + pair.second
}
function called(pair: any): number {
    const run = pair.first
    return typeof run === "number" ? run : run() + pair.second
}
console.log(sum(new Near()))
const others: any[] = [new Far(), new Near(), { second: 5, first: 6 }]
for (const each of others) console.log(sum(each))
console.log(called(new Near()), called(others[1]))
const far = new Far()
far.first = () => far.third
console.log(called(far))
try {
    console.log(sum(others[7]))
} catch (e) {
    console.log((e as Error).name)
}
const chain = new Chain()
console.log(chain.add(), chain.value, (chain as any).more)
function ways(n: number): string {
    let text = ""
    for (let i = 0; i < 4; i++) {
        try {
            try {
                if (i === n) return text + "r"
                if (i === 1) continue
                text = text + i
            } finally {
                text = text + "f"
                if (n === 9 && i === 2) break
            }
        } catch (e) {
            text = text + "c"
        }
    }
    return text
}
for (let n = 0; n < 4; n++) console.log(ways(n))
console.log(ways(9))
ds.restart()
