import { existsSync, readFileSync } from "node:fs"
import { UsageError } from "../credentials.js"
import { choiceOf, type Translate } from "../translate/choice.js"
import { type DeviceImage } from "./device.js"
import { machineModule, translatedMachine } from "./wasm.js"

/** The machine for a program, with those of its functions as C that `translate` names. Throws UsageError without their names. */
export async function machineFor(translate: Translate, { path, debugPath }: DeviceImage): Promise<WebAssembly.Module> {
    if (translate.functions === "hot" && !existsSync(debugPath))
        throw new UsageError(`${path}: without its debug file the functions have no names`)
    const choose = choiceOf(translate, debugPath)
    return choose === undefined ? await machineModule() : await translatedMachine([readFileSync(path)], choose)
}
