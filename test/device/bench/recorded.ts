/* What recording.ts has printed. */
import * as ds from "@devicescript/core"
import { copyOf } from "../../../src/dtls/bytes/bytes.js"
import "../../../src/platform/runtime/natives.js"

/** The datagrams of the setting `datagrams`: hexadecimal, each after its length in two bytes. The last one is a record. */
export function recorded(): Buffer[] {
    const datagrams: Buffer[] = []
    const all = Buffer.from(ds._moteSetting("datagrams") ?? "", "hex")
    for (let at = 0; at < all.length;) {
        const end = at + 2 + (all[at] << 8) + all[at + 1]
        datagrams.push(copyOf(all, at + 2, end))
        at = end
    }
    return datagrams
}
