/* The sensor program with a real sensor: an SHT4x, or an SHT3x when the setting `sensor` says so. */
import * as ds from "@devicescript/core"
import "../platform/runtime/natives.js"
import { RuntimeServices } from "../platform/runtime/services.js"
import { runProgram } from "./program.js"
import { SHT_ADDRESS, ShtSource } from "./sht4x.js"

const source = new ShtSource(SHT_ADDRESS, ds._moteSetting("sensor") === "sht3x")
await runProgram(new RuntimeServices(), (name, usual) => ds._moteSetting(name) ?? usual, source)
ds.restart()
