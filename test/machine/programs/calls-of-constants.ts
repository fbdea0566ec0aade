import * as ds from "@devicescript/core"
// Calls of properties of builtin objects that are no functions: the arguments stay alive until the TypeError is thrown.
function junk(n: number, v: any): any {
    const a = "k" + n
    const b = [a, n, v]
    const c = { a, b }
    return n > 0 ? junk(n - 1, [c]) : 1
}
function run(which: number, v: any): string {
    try {
        junk(6, v)
        const text = "argument " + v
        if (which === 0) (Math as any).PI(text, [text], { text })
        else if (which === 1) (Math as any).nothing(text, [text])
        else if (which === 2) (ds as any).absent([text], text)
        else return text + Math.max(which, 2)
    } catch (e: any) {
        return "" + which + (e instanceof TypeError)
    }
    return "none"
}
for (let i = 0; i < 3; i++) console.log(run(0, i), run(1, i), run(2, i), run(3, i))
ds.restart()
