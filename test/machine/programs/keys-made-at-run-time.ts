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
ds.restart()
