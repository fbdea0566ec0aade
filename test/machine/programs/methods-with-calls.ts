import * as ds from "@devicescript/core"
// Method calls: the compiler's code looks the method up, evaluates the arguments, and then calls it.
class List {
    items: number[] = []
    add(x: number, y: number): List {
        this.items.push(x + y)
        return this
    }
}
class Holder {
    list = new List()
    first = this.list
    renew(): number {
        this.list = new List()
        return 1
    }
    both(): void {
        // Appended to the array that the field held when the call began.
        this.list.add(this.renew(), this.renew())
        console.log(this.first.items.length, this.list.items.length)
        this.list.add(this.list.items.length, 5).add(this.size(), this.size())
        console.log(this.list.items)
    }
    size(): number {
        return this.list.items.length
    }
}
const holder = new Holder()
holder.both()
const boxes: { n: number; of: number[] }[] = []
for (let i = 0; i < 3; i++) boxes.push({ n: twice(i), of: [twice(i), i] })
console.log(boxes.map((box) => box.n + box.of[1]))
function twice(n: number): number {
    return n + n
}
function failing(): number {
    throw new RangeError("first")
}
const lists: List[] = [new List()]
function adds(at: number): string {
    try {
        lists[at].add(twice(3), failing())
    } catch (e: any) {
        return e instanceof RangeError ? "range" : "type"
    }
    return "none"
}
console.log(adds(0), lists[0].items.length)
const method = holder.list.add
console.log(method(twice(1), twice(2)) === holder.list, holder.list.items)
const numbers: number[] = []
numbers.push(numbers.push(twice(4)), numbers.push(7))
console.log(numbers)
ds.restart()
