import * as ds from "@devicescript/core"

async function worker(name: string, pause: number, turns: number) {
    for (let i = 0; i < turns; i++) {
        await ds.sleep(pause)
        console.log(name, i)
    }
}
worker.start("a", 100, 3)
worker.start("b", 250, 2)
const waiting = (async () => {
    console.log("waits")
    const v = await ds.suspend(1000)
    console.log("got", v)
    const w = await ds.suspend(30)
    console.log("then", w)
}).start()
await ds.sleep(5)
console.log(waiting.suspended)
waiting.resume("x")
waiting.resume("y")
await ds.sleep(900)
const doomed = worker.start("never", 100, 1)
doomed.terminate()
try {
    doomed.resume(1)
} catch (e: any) {
    console.log(e.name, e.message)
}
let ticks = 0
const timer = setInterval(() => {
    ticks++
    if (ticks === 3) clearInterval(timer)
}, 100)
setTimeout(() => console.log("timeout"), 50)
await ds.sleep(700)
console.log("ticks", ticks)
const e = ds.emitter<number>()
e.subscribe(v => console.log("event", v))
e.emit(1)
await ds.sleep(10)
e.emit(2)
await ds.sleep(10)
async function nested(n: number): Promise<number> {
    await ds.sleep(1)
    if (n === 0) throw new RangeError("deep")
    try {
        return (await nested(n - 1)) + 1
    } finally {
        console.log("leaving", n)
    }
}
try {
    await nested(4)
} catch (x: any) {
    console.log(x.name, x.message)
}
ds.restart()
