/* The program that is flashed: settings come from the device, readings from its sensor, samples go to a CoAPs server. */
import * as ds from "@devicescript/core"
import "../platform/runtime/natives.js"
import { RuntimeServices } from "../platform/runtime/services.js"
import { runProgram } from "./program.js"
import { SimulatedSource } from "./reading.js"

const services = new RuntimeServices()
const source = new SimulatedSource(() => services.crypto.random(1)[0] / 256)
await runProgram(services, (name, usual) => ds._moteSetting(name) ?? usual, source)
ds.restart()
