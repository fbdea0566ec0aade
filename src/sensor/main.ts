/* The program that is flashed: settings come from the device, readings from its sensor, samples go to a CoAPs server. */
import * as ds from "@devicescript/core"
import "../platform/runtime/natives.js"
import { RuntimeServices } from "../platform/runtime/services.js"
import { runProgram } from "./program.js"

await runProgram(new RuntimeServices(), (name, usual) => ds._moteSetting(name) ?? usual)
ds.restart()
