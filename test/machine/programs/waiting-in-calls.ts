import * as ds from "@devicescript/core"

// fibers that wait several calls deep, in loops, handlers and expressions, and continue there
async function pause(ms: number, v: any): Promise<any> {
    await ds.sleep(ms)
    return v
}
async function deeper(name: string, depth: number): Promise<string> {
    const mark = name + depth
    if (depth === 0) return await pause(3, mark)
    const inner = await deeper(name, depth - 1)
    await pause(1, undefined)
    return mark + inner
}
// Two fibers alternate. Their output is printed when both are done, because the official machine's timers are not exact.
const said: string[] = []
async function steps(index: number, count: number, ms: number): Promise<number> {
    let total = 0
    for (let i = 0; i < count; i++) {
        const before = total
        total = before + (await pause(ms, i)) * 2
        if (i % 2 === 1) continue
        said[index] = said[index] + i + ":" + total + " "
    }
    return total
}
async function careful(name: string): Promise<string> {
    let told = name
    try {
        told += await pause(4, "-slept-")
        if (told.length > 3) throw new RangeError(told)
    } catch (e: any) {
        told = "caught " + e.message + (await pause(2, "!"))
    } finally {
        await ds.sleep(1)
        told += " done"
    }
    return told
}
async function failing(depth: number): Promise<number> {
    if (depth > 0) return (await failing(depth - 1)) + 1
    await ds.sleep(2)
    throw new TypeError("late")
}
async function failed(depth: number): Promise<string> {
    try {
        return "" + (await failing(depth))
    } catch (e: any) {
        return depth + e.name + e.message
    }
}
class Machine {
    state = 0
    async turn(by: number): Promise<number> {
        const before = this.state
        this.state = before + by
        await ds.sleep(by)
        return this.state * 10 + (await this.last(before))
    }
    async last(before: number): Promise<number> {
        await ds.sleep(1)
        return this.state - before
    }
}
said.push("one ", "two ")
const one = steps.start(0, 5, 3)
steps.start(1, 4, 4)
console.log(await deeper("d", 3), await deeper("e", 20))
console.log(await careful("x"), await failed(0), await failed(25))
const machine = new Machine()
console.log((await machine.turn(2)) + (await machine.turn(3)), machine.state)
async function endless(): Promise<void> {
    let turns = 0
    try {
        while (true) {
            await ds.sleep(5)
            turns++
            if (turns === 3) console.log("three turns")
        }
    } finally {
        console.log("never printed")
    }
}
const doomed = endless.start()
await ds.sleep(200)
doomed.terminate()
const waiting = (async () => console.log("resumed with", await ds.suspend(5000))).start()
await ds.sleep(1)
waiting.resume([1, 2].map(v => v + 1).join())
await ds.sleep(100)
console.log(one !== undefined, said.join())
ds.restart()
