/* Counts its starts in the storage. */
import * as ds from "@devicescript/core"
import "../../../src/platform/runtime/natives.js"

const before = ds._moteStorageLoad("count")
const count = before === undefined ? 0 : before[0]
console.log(count)
const next = Buffer.alloc(1)
next[0] = count + 1
if (ds._moteStorageSave("count", next) !== 0) console.log("not saved")
ds.restart()
