/* Compiles a module: what it is made of comes through standard input, what was made goes to standard output (wasm.ts). */
import { buffer } from "node:stream/consumers"
import { deserialize, serialize } from "node:v8"
import { type Compilation, compileModule } from "./llvm.js"

const compilation = deserialize(await buffer(process.stdin)) as Compilation
try {
    process.stdout.write(serialize(await compileModule(compilation)))
} catch (error) {
    process.stderr.write((error as Error).message)
    process.exitCode = 1
}
