import * as ds from "@devicescript/core"
// Functions in fields, and methods with the same name as a field of another object or of the object itself. No names are computed,
// so that optimizer and translator know the types.

// A function that is read from a field is bound to the object, even if it was stored by way of an array.
class Button {
    presses = 0
    pressed: any
    private readonly own: any[] = []

    constructor(handlers: any[]) {
        this.pressed = handlers[0]
        for (const handler of handlers) this.own.push(handler)
    }

    press(): string {
        const run = this.pressed
        this.presses++
        return typeof run === "function" ? run(this.presses) : "no handler " + run
    }

    compare(other: Button): boolean {
        return this.pressed === other.pressed
    }
}

function counted(this: any, n: number): string {
    return "counted " + n + " of " + (this === undefined ? "nothing" : this.presses)
}

const plain = new Button([7])
const handled = new Button([counted, (n: number) => "arrow " + n])
console.log(plain.press(), handled.press(), handled.press(), plain.compare(handled), plain.compare(new Button([7])))
handled.pressed = (n: number) => "another " + n
console.log(handled.press(), plain.press())

// A method is looked up before its arguments are evaluated; other objects have a field of the same name.
class Pile {
    top = 0
    seen: string[] = []

    take(count: number): number {
        this.top -= count
        return this.top
    }

    put(count: number): number {
        this.top += count
        this.seen.push("put" + count)
        return count
    }

    both(): number {
        return this.take(this.put(3) - 1)
    }

    chosen(low: boolean): number {
        return this.put(low ? this.take(1) : this.take(2))
    }
}

const fake: any = { take: 5, put: (n: number) => n * 100 }
const pile = new Pile()
console.log(pile.both(), pile.chosen(true), pile.chosen(false), pile.seen.join(), fake.take, fake.put(pile.put(2)))
const late: any = new Pile()
late.take = (n: number) => "own " + n
console.log(late.both(), late.chosen(true), late.top)

// Inherited methods, and an object with a field of the same name.
class Heap extends Pile {
    more = 1
}

class Mound extends Heap {
    override put(count: number): number {
        this.top += count * 10
        return count
    }
}

function takeFrom(one: Pile): string {
    return one.put(2) + " " + one.take(1) + " " + one.top
}

for (const one of [new Pile(), new Heap(), new Mound(), new Pile()]) console.log(takeFrom(one))
const odd = new Mound()
odd.take = (n: number) => n * 1000
for (const one of [odd, new Mound(), odd]) console.log(takeFrom(one), one.both())

// The call uses the method that was found before its arguments stored another one in the object.
function replaced(one: Pile): number {
    for (let i = 0; i < 3; i++) one.seen.push("replaced" + i)
    one.take = (n: number) => n + 5000
    return one.seen.length - 2
}

function exchanged(one: Pile): string {
    const taken = one.take(replaced(one))
    return taken + " " + one.take(1)
}

const swapped = new Heap()
console.log(exchanged(swapped), exchanged(new Pile()), replaced(swapped))
ds.restart()
