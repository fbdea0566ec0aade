/*
 * Measurements of bench:rv32 with pre-shared keys: handshakes with a cookie, and records of 64 bytes, over a link in memory. The
 * setting `mode` is "speed", or "record" to print the server's datagrams, which client.ts plays back.
 */
import * as ds from "@devicescript/core"
import "../../../src/platform/runtime/natives.js"
import { Turn } from "./end.js"
import { Link, measureSpeed, version12 } from "./link.js"
import "./natives.js"
import { pskEnd } from "./psk.js"
import { record } from "./recording.js"

ds._benchTurn(Turn.nobody)
const end = pskEnd()
const link = new Link(end, end, version12())
if ((ds._moteSetting("mode") ?? "speed") === "speed") await measureSpeed(link)
else await record(link)
ds.restart()
