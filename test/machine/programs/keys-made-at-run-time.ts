import * as ds from "@devicescript/core"
class Bag {
    size = 0
    put(k: string, v: number) {
        const me: any = this
        if (me[k] === undefined) this.size++
        me[k] = v
    }
    fill(t: string) {
        for (let i = 0; i < t.length; i++) {
            this.put(t.charAt(i), i)
            this.put(t.charAt(i), i)
        }
        return this.size
    }
}
const bag = new Bag()
console.log(bag.fill('a"b!c#d%'))
console.log(bag.fill("xyz"))

// Texts that lie at many places of memory: none is taken for a text of the program, such as the name of a method.
const list: number[] = []
function use(): number {
    list.push(1)
    list.push(2)
    list.pop()
    return list.length + list.indexOf(1) + list.slice(0).length + list.map(x => x).length + list.filter(x => x > 0).length
}
const texts: string[][] = []
let taken = 0
for (let i = 0; i < 1500; i++) {
    if (i % 100 === 0) texts.push([])
    const text = "t" + i
    texts[texts.length - 1].push(text)
    if (i % 20 === 0) use()
    const any: any = list
    if (any[text] !== undefined) taken++
}
console.log("taken", taken)
ds.restart()
