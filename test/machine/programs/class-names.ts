import * as ds from "@devicescript/core"
class MyError extends Error {
    code = 1
}
class Foo {
    x = 1
}
function fail() {
    throw new MyError("a")
}
try {
    fail()
} catch (e: any) {
    console.log(e.name + ": " + e.message)
}
const foo: any = new Foo()
console.log(foo.constructor.name)
function été() {
    return 1
}
const accents = ["ä", "ö", "ö"]
console.log(été, accents.length, accents[1])
ds.restart()
