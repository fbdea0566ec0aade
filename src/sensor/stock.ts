/* The sensor program for the official DeviceScript VM: `mote sim --stock`. */
import * as ds from "@devicescript/core"
import { Bridge } from "../platform/stock/bridge.js"
import { StockServices } from "../platform/stock/services.js"
import { runProgram } from "./program.js"
import { SimulatedSource } from "./reading.js"
import { BRIDGE_PORT } from "./stock-port.js"

const bridge = await Bridge.open(BRIDGE_PORT)
const settings = JSON.parse((await bridge.receive())?.toString() ?? "{}") as Record<string, string>
const services = new StockServices(bridge)
const source = new SimulatedSource(() => services.crypto.random(1)[0] / 256)
await runProgram(services, (name, fallback) => settings[name] ?? fallback, source)
ds.restart()
