/* Saves a blob, or removes it if it exists. */
import * as ds from "@devicescript/core"
import "../../../src/platform/runtime/natives.js"

if (ds._moteStorageLoad("secret") === undefined) {
    console.log("saved: " + ds._moteStorageSave("secret", Buffer.alloc(5)))
} else {
    console.log("removed: " + ds._moteStorageRemove("secret"))
    console.log("left: " + (ds._moteStorageLoad("secret")?.length ?? "nothing"))
}
ds.restart()
