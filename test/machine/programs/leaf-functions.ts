import * as ds from "@devicescript/core"

/* Functions that call nothing, make nothing and do not loop, with objects and values for which they are usual, and others. */

class Item {
    next: any = undefined
    constructor(public name: any) {}
}

class Queue {
    first: any = undefined
    last: any = undefined
    taken = 0

    put(item: any): void {
        if (this.last === undefined) this.first = item
        else this.last.next = item
        this.last = item
    }

    take(): any {
        const item = this.first
        if (item === undefined) return undefined
        this.first = item.next
        if (this.first === undefined) this.last = undefined
        return item
    }

    /** Counts even if the item's name cannot be read. */
    count(item: any): any {
        this.taken = this.taken + 1
        return item.name
    }

    /** Changes its arguments before it reads what may be no number. */
    shifted(by: any, more: any): any {
        by = by + 1
        more = more + by
        return more + this.taken
    }

    longer(text: any): any {
        if (text.length > this.taken) return true
        return this.taken
    }

    swap(): void {
        const { first } = this
        this.first = this.last
        this.last = first
    }
}

class Stack extends Queue {
    override take(): any {
        return "of the stack"
    }
}

function attempt(what: string, run: () => any): void {
    try {
        console.log(what, run())
    } catch (e: any) {
        console.log(what, "throws", e.name)
    }
}

const names = (queue: Queue): string => {
    let all = ""
    for (let item = queue.take(); item !== undefined; item = queue.take()) all += " " + item.name
    return all
}

const queue = new Queue()
for (const name of ["a", "b", "c"]) queue.put(new Item(name))
attempt("in order:", () => names(queue))
attempt("nothing is left:", () => queue.take())

// Items of other shapes: the link stands elsewhere, or is missing.
const odd: any[] = [{ name: "d", next: undefined }, { next: undefined, more: 1, name: "e" }, { name: "f" }]
for (const item of odd) queue.put(item)
attempt("of other shapes:", () => names(queue))
attempt("a number:", () => {
    queue.put(7)
    return queue.take()
})
attempt("and the next:", () => queue.take())

// What is stored before an exception stays, once.
const counted: any[] = [new Item("h"), { name: "i" }, undefined, null, 5]
counted.forEach((item) => attempt("counted:", () => queue.count(item)))
attempt("times:", () => queue.taken)
attempt("and again:", () => queue.count(new Item("h")) + queue.taken)

// The function begins anew with the arguments that it was given.
const numbers: any[] = [1, 1.5, "text", undefined, 0x3fffffff]
numbers.forEach((taken) => {
    queue.taken = taken
    const steps: any[] = [1, 0x3fffffff, 0.5, "x"]
    steps.forEach((by) => attempt("shifted:", () => queue.shifted(by, 10)))
})

queue.taken = 2
const texts: any[] = ["", "long", [1, 2, 3], Buffer.alloc(2), { length: 9 }, 4, undefined]
texts.forEach((text) => attempt("longer:", () => queue.longer(text)))
attempt("longer and shifted:", () => `${queue.longer("longest")} ${queue.shifted(1, 2)} ${queue.longer("")}`)

queue.first = "first"
queue.last = "last"
queue.swap()
attempt("swapped:", () => `${queue.first} ${queue.last}`)

// Other receivers.
const stack: Queue = new Stack()
attempt("overridden:", () => stack.take())
attempt("inherited:", () => {
    stack.put(new Item("j"))
    return stack.count(stack.first)
})
const plain: any = { taken: 40, first: 1, last: 2, count: queue.count, swap: queue.swap }
attempt("of a plain object:", () => plain.count(new Item("k")) + plain.taken)
attempt("of undefined:", () => {
    const { swap } = plain
    return swap()
})
const own: any = new Queue()
own.take = () => "its own"
attempt("hidden by a field:", () => own.take())
ds.restart()
