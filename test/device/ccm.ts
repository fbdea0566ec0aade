/* Seals texts of many lengths with the AES-128-CCM-8 in script, for comparison with another implementation. */
import * as ds from "@devicescript/core"
import { ScriptCcm8, STOCK_LARGEST_PLAINTEXT } from "../../src/platform/stock/ccm.js"

function counted(length: number, from: number): Buffer {
    const bytes = Buffer.alloc(length)
    for (let i = 0; i < length; i++) bytes[i] = from + i
    return bytes
}

async function main(): Promise<void> {
    const ccm = new ScriptCcm8(counted(16, 0x40))
    const nonce = counted(12, 0x10)
    for (const length of [0, 1, 15, 16, 17, 31, 32, 64, 100, STOCK_LARGEST_PLAINTEXT]) {
        // The pause resets the official VM's limit on operations, which is enough for one seal and open.
        await ds.sleep(1)
        const sealed = ccm.seal(nonce, counted(13, 0xa0), counted(length, 1))
        const text = sealed.toString("hex")
        // The official VM cuts off long lines.
        console.log(length + ":" + text.slice(0, 200))
        console.log(text.slice(200))
        await ds.sleep(1)
        const opened = ccm.open(nonce, counted(13, 0xa0), sealed)
        console.log(opened !== undefined && opened.toString("hex") === counted(length, 1).toString("hex"))
        sealed[length] = sealed[length] ^ 1
        await ds.sleep(1)
        console.log(ccm.open(nonce, counted(13, 0xa0), sealed) === undefined)
    }
    ds.restart()
}

await main()
