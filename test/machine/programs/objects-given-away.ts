import * as ds from "@devicescript/core"

/* Objects that other code gets before their constructors have stored all fields, and then in another order. */

const seen: any[] = []

class Plain {
    first: any = 1
    second: any = 2
    third: any = 3
    sum(): any {
        return this.first + this.second * 10 + this.third * 100
    }
    swap(): any {
        const { first } = this
        this.first = this.third
        this.third = first
        return this.sum()
    }
}

/** A method of its own stores its fields first, the last one before the others. */
class Eager {
    early: any
    middle: any
    late: any
    constructor(n: any) {
        this.fill(n)
        this.early = n
        this.middle = n + 1
        this.late = n + 2
    }
    fill(n: any): void {
        this.late = n * 2
        this.middle = n * 3
        seen.push(this.all())
    }
    all(): string {
        return `${this.early} ${this.middle} ${this.late}`
    }
}

/** The base class calls a method of the derived one, whose own fields are not there yet. */
class Base {
    size: any
    name: any
    constructor(size: any) {
        this.size = size
        this.name = "base"
        this.ready()
    }
    ready(): void {
        seen.push("base " + this.size)
    }
    label(): string {
        return `${this.name} ${this.size}`
    }
}

class Derived extends Base {
    extra: any
    more: any
    constructor(size: any) {
        super(size)
        this.extra = size + 1
        this.more = size + 2
    }
    override ready(): void {
        this.more = "early"
        seen.push("derived " + this.extra + " " + this.more + " " + this.label())
    }
    both(): string {
        return `${this.extra} ${this.more} ${this.label()}`
    }
}

/** Gives itself away to a function, which adds a field that the constructor does not know. */
class Marked {
    one: any
    two: any
    constructor(how: (made: any) => void) {
        this.one = 1
        how(this)
        this.two = 2
    }
    both(): string {
        return `${this.one} ${this.two}`
    }
}

/** Keeps a function that has its object. */
class Closing {
    run: () => string
    one: any
    two: any
    constructor() {
        const self = this
        this.run = () => self.both()
        seen.push(this.run())
        this.one = "one"
        this.two = "two"
    }
    both(): string {
        return `${this.one} ${this.two}`
    }
}

/** An error's message is there before its own fields. */
class Trouble extends Error {
    code: any
    detail: any
    constructor(code: any) {
        super("trouble " + code)
        this.code = code
        this.detail = code + 1
    }
    text(): string {
        return `${this.code} ${this.detail} ${this.message}`
    }
}

/** Has so many fields that it becomes a dictionary. */
class Large {
    first: any = 1
    second: any = 2
    sum(): any {
        this.first = this.first + 1
        return this.first + this.second
    }
}

function grow(large: any): void {
    large.f00 = large.f01 = large.f02 = large.f03 = large.f04 = large.f05 = large.f06 = large.f07 = large.f08 = 0
    large.f10 = large.f11 = large.f12 = large.f13 = large.f14 = large.f15 = large.f16 = large.f17 = large.f18 = 0
    large.f20 = large.f21 = large.f22 = large.f23 = large.f24 = large.f25 = large.f26 = large.f27 = large.f28 = 0
    large.f30 = large.f31 = large.f32 = large.f33 = large.f34 = large.f35 = large.f36 = large.f37 = large.f38 = 0
    large.f40 = large.f41 = large.f42 = large.f43 = large.f44 = large.f45 = large.f46 = large.f47 = large.f48 = 0
    large.f50 = large.f51 = large.f52 = large.f53 = large.f54 = large.f55 = large.f56 = large.f57 = large.f58 = 0
    large.f60 = large.f61 = large.f62 = large.f63 = large.f64 = large.f65 = large.f66 = large.f67 = large.f68 = 0
    large.f70 = large.f71 = large.f72 = large.f73 = large.f74 = large.f75 = large.f76 = large.f77 = large.f78 = 0
    large.f80 = large.f81 = large.f82 = large.f83 = large.f84 = large.f85 = large.f86 = large.f87 = large.f88 = 0
    large.f90 = large.f91 = large.f92 = large.f93 = large.f94 = large.f95 = large.f96 = large.f97 = large.f98 = 0
    large.g00 = large.g01 = large.g02 = large.g03 = large.g04 = large.g05 = large.g06 = large.g07 = large.g08 = 0
    large.g10 = large.g11 = large.g12 = large.g13 = large.g14 = large.g15 = large.g16 = large.g17 = large.g18 = 0
    large.g20 = large.g21 = large.g22 = large.g23 = large.g24 = large.g25 = large.g26 = large.g27 = large.g28 = 0
}

function sumsOf(plain: Plain, large: Large): string {
    const before = `${plain.first} ${plain.second} ${plain.third} ${large.first} ${large.second}`
    return `${before} ${plain.swap()} ${large.sum()} ${plain.first} ${large.first}`
}

const plain = new Plain()
const large = new Large()
console.log(sumsOf(plain, large))
grow(large)
console.log(sumsOf(plain, large), large.sum())
console.log(new Eager(5).all(), new Eager(7).all())
console.log(new Base(1).label(), new Derived(2).both(), new Derived(3).label())
const mark = (made: any) => {
    made.mark = "marked"
    made.two = "too early"
    seen.push(made.both())
}
console.log(new Marked(mark).both(), new Marked(() => seen.push("nothing")).both())
console.log(new Closing().both(), new Closing().run())
const trouble = new Trouble(3)
console.log(trouble.text())
for (const one of seen) console.log(one)
ds.restart()
