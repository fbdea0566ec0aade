import * as ds from "@devicescript/core"

// exceptions that pass through several calls, with and without handlers in between
const log: string[] = []
function thrower(n: number): number {
    if (n <= 0) throw new RangeError("at " + n)
    return n
}
function between(n: number, depth: number): number {
    if (depth === 0) return thrower(n)
    return between(n, depth - 1) + 1
}
function guarded(n: number, depth: number): string {
    let held = "free"
    try {
        held = "held"
        return held + between(n, depth)
    } catch (e: any) {
        return held + " " + e.name + " " + e.message
    } finally {
        log.push(held + depth)
        held = "free"
    }
}
console.log(guarded(1, 0), guarded(0, 0), guarded(0, 5), guarded(0, 40), guarded(3, 40))
function passing(n: number): number {
    try {
        return n === 0 ? thrower(0) : passing(n - 1) + 1
    } finally {
        log.push("f" + n)
    }
}
function retold(n: number): string {
    try {
        return "" + passing(n)
    } catch (e: any) {
        try {
            throw new Error(e.message + " again")
        } catch (f: any) {
            return f.message + (f instanceof RangeError) + (e instanceof RangeError)
        }
    }
}
console.log(retold(3), retold(25))
console.log(log.join())

// break, continue and return from loops inside handlers
function leaving(kind: number): string {
    let told = ""
    for (let i = 0; i < 4; i++) {
        try {
            try {
                told += i
                if (i === 1 && kind === 0) continue
                if (i === 2 && kind === 1) break
                if (i === 2 && kind === 2) return told + "r"
                if (i === 3 && kind === 3) throw new TypeError("t")
                told += "b"
            } finally {
                told += "f"
            }
            told += "a"
        } catch (e: any) {
            told += e.name
            if (i === 3) return told + "c"
        } finally {
            told += ";"
        }
    }
    return told + "end"
}
for (let kind = 0; kind < 5; kind++) console.log(leaving(kind))
function replaced(): number {
    try {
        throw new Error("lost")
    } finally {
        return 7
    }
}
console.log(replaced())

// exceptions of the machine itself, in the middle of an expression and in natives
function failing(kind: number, o: any): any {
    if (kind === 0) return 1 + o.nothing.field
    if (kind === 1) return o.nothing(1, 2)
    if (kind === 2) return new o.nothing()
    if (kind === 3) o.nothing.field = 1
    if (kind === 4) o.bytes[9] = 1
    if (kind === 5) return JSON.parse("{") + 1
    if (kind === 6) return "a" + o.list.map((v: any) => v.none.none)
    if (kind === 7) return o.plain instanceof o.nothing
    if (kind === 8) return o.bytes.getAt(0, "u99")
    if (kind === 9) throw o.plain
    return "fine"
}
const object: any = { bytes: Buffer.alloc(4), list: [1, 2], plain: { code: 5 } }
function attempt(kind: number): string {
    try {
        return "" + failing(kind, object)
    } catch (e: any) {
        return (e instanceof TypeError) + "," + (e instanceof RangeError) + "," + e.code
    }
}
for (let kind = 0; kind < 11; kind++) console.log(kind, attempt(kind))
function callbacks(list: number[]): number {
    let seen = 0
    try {
        list.forEach(v => {
            seen += v
            if (v === 3) thrower(-v)
        })
    } catch (e: any) {
        return seen
    }
    return -seen
}
console.log(callbacks([1, 2, 3, 4]), callbacks([1, 2]))
ds.restart()
