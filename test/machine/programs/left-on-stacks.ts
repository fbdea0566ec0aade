import * as ds from "@devicescript/core"
// Words that finished calls left on a fiber's stack are no references: a Buffer that was allocated at such an address is not changed.
class Deep {
    left: any
    fill(n: number, a: any, b: any): number {
        const c = { a }
        const d = [b, c]
        const e = { d, n }
        const f = [e, a]
        if (n === 0) return f.length
        return this.fill(n - 1, { f }, [d]) + f.length
    }
}
async function waiting() {
    await ds.sleep(2)
}
async function between(n: number) {
    const a = { n }
    if (n > 0) await between(n - 1)
    else await waiting()
    return a
}
let changed = 0
/** Calls only natives, so that words of earlier calls remain where its callees would store theirs. */
function zeros(): void {
    const buffers: Buffer[] = []
    for (let i = 0; i < 24; i++) buffers.push(Buffer.alloc(36 + (i & 7) * 4))
    for (const buffer of buffers) for (let i = 0; i < buffer.length; i++) if (buffer[i] !== 0) changed++
}
let rounds = 0
async function work() {
    const deep = new Deep()
    while (rounds < 12) {
        deep.fill(5, { rounds }, [rounds])
        await waiting()
        deep.fill(3, { rounds }, [rounds])
        await between(rounds & 3)
        deep.fill(rounds & 3, { rounds }, [rounds])
        zeros()
        rounds++
    }
}
async function check() {
    while (rounds < 12) {
        const buffers: Buffer[] = []
        for (let i = 0; i < 24; i++) buffers.push(Buffer.alloc(52))
        await ds.sleep(1)
        // A collection takes place while the other fiber waits.
        for (let i = 0; i < 40; i++) buffers.push(Buffer.alloc(8))
        for (const buffer of buffers) for (let i = 0; i < buffer.length; i++) if (buffer[i] !== 0) changed++
    }
    console.log("changed", changed)
    ds.restart()
}
work.start()
check.start()
