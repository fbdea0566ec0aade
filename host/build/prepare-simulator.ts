/* Compiles the simulator before the first test, so that no test's time limit includes it. */
import { compiledMachine } from "./wasm.js"

await compiledMachine()
