/* Memory of a client with a pre-shared key, for bench:rv32: a program without a server, like a sensor's. */
import * as ds from "@devicescript/core"
import { clientRole } from "../../../src/dtls/association/v12/roles.js"
import "../../../src/platform/runtime/natives.js"
import { Client, Turn } from "./end.js"
import { memoryOfClient } from "./memory.js"
import "./natives.js"
import { pskEnd } from "./psk.js"

ds._benchTurn(Turn.nobody)
await memoryOfClient(() => new Client(pskEnd(), clientRole()))
ds.restart()
