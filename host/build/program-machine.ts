import { existsSync, readFileSync } from "node:fs"
import { UsageError } from "../credentials.js"
import { choiceOf, type Translate } from "../translate/choice.js"
import { type DeviceImage } from "./device.js"
import { machineModule, translatedMachine } from "./wasm.js"

/**
 * The machine for a program, with the functions selected by `translate` as C. Throws UsageError if the debug file with
 * their names is missing.
 */
export async function machineFor(translate: Translate, { path, debugPath }: DeviceImage): Promise<WebAssembly.Module> {
    if (translate.functions === "hot" && !existsSync(debugPath))
        throw new UsageError(`${path}: without its debug file the functions have no names`)
    const choose = choiceOf(translate, debugPath)
    return choose === undefined ? await machineModule() : await translatedMachine([readFileSync(path)], choose)
}
