/*
 * llvm-main.ts FILE compiles a module: reads its parts from the file, and writes the result to standard output
 * (wasm.ts).
 */
import { readFileSync } from "node:fs"
import { deserialize, serialize } from "node:v8"
import { type Compilation, compileModule } from "./llvm.js"

const compilation = deserialize(readFileSync(process.argv[2])) as Compilation
try {
    process.stdout.write(serialize(await compileModule(compilation)))
} catch (error) {
    process.stderr.write((error as Error).message)
    process.exitCode = 1
}
