// Methods in place: prototypes whose methods stay in the image until the program lists, changes or deletes them.
import * as ds from "@devicescript/core"

class Counter {
    count = 0
    add(): number {
        return ++this.count
    }
    twice(): number {
        this.add()
        return this.add()
    }
}

class Named {
    name(): string {
        return "named"
    }
}

class Empty {
    value = 1
}

class Louder extends Named {
    override name(): string {
        return "named!"
    }
    shout(): string {
        return this.name() + "!"
    }
}

function calls(label: string): void {
    const counter = new Counter()
    const louder = new Louder()
    console.log(label, counter.add(), counter.twice(), new Named().name(), louder.name(), louder.shout())
}

calls("at first")

// Read by names that are computed at run time, and by literal names.
const key = "na" + "me"
const named: any = new Named()
const prototype: any = Louder.prototype
console.log(named[key](), typeof prototype[key], typeof prototype["sho" + "ut"], typeof prototype["not" + "there"])
console.log(typeof prototype.shout, typeof prototype.nothing, prototype.constructor === Louder)
console.log(new Empty() instanceof Empty, (new Empty() as any).constructor === Empty)
calls("read")

// Listed.
console.log(Object.keys(Counter.prototype).length, Object.values(Counter.prototype).length)
for (const each of Object.keys(prototype)) console.log("key", each)
console.log(Object.keys(Empty.prototype).length)
calls("listed")

// Stored: the same function again, another one, and an additional one.
const counters: any = Counter.prototype
counters.add = counters.add
counters["ad" + "d"] = counters.add
calls("stored again")
counters.add = function (): number {
    return 40
}
counters.more = (): number => 41
console.log((new Counter() as any).more(), Object.keys(counters).length)
calls("changed")

// Deleted: the method of the base class is found again.
delete prototype.name
calls("deleted")
delete prototype["sho" + "ut"]
console.log(typeof (new Louder() as any).shout, typeof prototype.shout)

// The prototype used as an ordinary object.
console.log((Named.prototype as any).name(), counters.twice === (new Counter() as any).twice)
ds.restart()
