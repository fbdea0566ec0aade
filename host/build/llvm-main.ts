/* Compiles a machine: its parts come through standard input, the module goes to standard output (wasm.ts). */
import { buffer } from "node:stream/consumers"
import { deserialize } from "node:v8"
import { compileMachine, type Parts } from "./llvm.js"

const parts = deserialize(await buffer(process.stdin)) as Parts & { link: string[] }
try {
    process.stdout.write(await compileMachine(parts, parts.link))
} catch (error) {
    process.stderr.write((error as Error).message)
    process.exitCode = 1
}
