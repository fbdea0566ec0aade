/* Enters deep sleep after each of its first three starts, and counts them in the storage. */
import * as ds from "@devicescript/core"
import "../../../src/platform/runtime/natives.js"

const saved = ds._moteStorageLoad("starts")
const starts = saved === undefined ? 1 : saved[0] + 1
console.log(starts + " " + ds._moteRebootReason())
const next = Buffer.alloc(1)
next[0] = starts
ds._moteStorageSave("starts", next)
if (starts < 4) ds._moteDeepSleep(20)
ds._moteStorageRemove("starts")
ds.restart()
