/* Prints wrapped keys for the test, which has the wrapper's key. */
import * as ds from "@devicescript/core"
import "../../../src/platform/runtime/natives.js"

function filled(length: number, value: number): Buffer {
    const bytes = Buffer.alloc(length)
    for (let i = 0; i < length; i++) bytes[i] = value
    return bytes
}

const wrapper = ds._moteAeadNew(3, filled(16, 7))
console.log(ds._moteCryptoWrap(ds._moteAeadNew(1, Buffer.from("0123456789abcdef")), wrapper).toString("hex"))
console.log(ds._moteCryptoWrap(ds._moteKeyImport(filled(32, 1)), wrapper).toString("hex"))
console.log(ds._moteCryptoWrap(ds._moteSecretNew(4, filled(16, 2)), wrapper).toString("hex"))
ds.restart()
