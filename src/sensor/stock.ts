/* The same sensor in the official DeviceScript VM: `mote sim --stock`. */
import * as ds from "@devicescript/core"
import { Bridge } from "../platform/stock/bridge.js"
import { StockServices } from "../platform/stock/services.js"
import { runProgram } from "./program.js"
import { BRIDGE_PORT } from "./stock-port.js"

const bridge = await Bridge.open(BRIDGE_PORT)
const settings = JSON.parse((await bridge.receive())?.toString() ?? "{}") as Record<string, string>
await runProgram(new StockServices(bridge), (name, usual) => settings[name] ?? usual)
ds.restart()
