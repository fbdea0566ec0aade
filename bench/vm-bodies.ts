/** A loop whose iterations are measured: the code before it, and one iteration. */
export interface Body {
    name: string
    before: string
    turn: string
    /** the speed to reach on a quiet machine, as a multiple of the official machine's; 0: none */
    aim: number
}

/** Iterations that stay below the official machine's 131071 operations per turn of a fiber. */
export const TURNS_PER_CHUNK = 4000

const point = "class P { x = 1; y = 2; inc() { this.x = (this.x + this.y) & 0xffff } }\nconst p = new P()"

export const bodies: Body[] = [
    { name: "loop-empty", before: "", turn: "", aim: 7 },
    { name: "loop-int", before: "", turn: "s = (s + i) & 0xffff", aim: 7 },
    { name: "loop-double", before: "let d = 1.5", turn: "d = d * 1.0000001", aim: 7 },
    { name: "loop-global", before: "", turn: "g = g + 1", aim: 7 },
    { name: "loop-property", before: point, turn: "s = (s + p.y) & 0xffff", aim: 7 },
    {
        name: "loop-buffer-read",
        before: "const b = Buffer.alloc(256)",
        turn: "s = (s + b[i & 255]) & 0xffff",
        aim: 7,
    },
    { name: "loop-buffer-write", before: "const b = Buffer.alloc(256)", turn: "b[i & 255] = i", aim: 7 },
    { name: "loop-xor", before: "const b = Buffer.alloc(256)", turn: "b[i & 255] = b[i & 255] ^ 0x5a", aim: 7 },
    {
        name: "loop-array",
        before: "const a: number[] = []\nfor (let j = 0; j < 64; j++) a.push(j)",
        turn: "s = (s + a[i & 63]) & 0xffff",
        aim: 7,
    },
    { name: "call", before: "", turn: "s = add(s, 1)", aim: 14 },
    { name: "method", before: point, turn: "p.inc()", aim: 14 },
    {
        name: "closure-call",
        before: "function counter() { let n = 0; return () => { n = (n + 1) & 0xffff } }\nconst f = counter()",
        turn: "f()",
        aim: 14,
    },
    { name: "native-call", before: "", turn: "s = Math.idiv(i, 3)", aim: 0 },
    { name: "alloc-object", before: "let o: any", turn: "o = { a: i }", aim: 0 },
    { name: "alloc-buffer", before: "let o: any", turn: "o = Buffer.alloc(32)", aim: 0 },
    { name: "alloc-string", before: 'let o: any\nlet x: any = "x"', turn: "o = x + i", aim: 0 },
]

/** A program that runs a body in chunks and ends. */
export function programOf(body: Body, chunks: number): string {
    return `import * as ds from "@devicescript/core"
let g = 0
function add(a: number, b: number) { return (a + b) & 0xffff }
${body.before}
function chunk() {
    let s = 0
    for (let i = 0; i < ${TURNS_PER_CHUNK}; i++) { ${body.turn} }
    return s + g + add(1, 2)
}
let total = 0
for (let c = 0; c < ${chunks}; c++) {
    total = total + chunk()
    await ds.sleep(0)
}
console.log(total)
ds.restart()
`
}
