/*
 * Verifies certificate chains from settings: "case-N" is identity, purpose, Unix seconds or "", chain and anchors,
 * separated by "|"; certificates are names of settings, separated by ",".
 */
import * as ds from "@devicescript/core"
import "../../../src/platform/runtime/natives.js"

function certificates(names: string): Buffer[] {
    const list: Buffer[] = []
    if (names.length === 0) return list
    for (const name of names.split(",")) list.push(Buffer.from(ds._moteSetting(name) ?? "", "hex"))
    return list
}

function thrown(name: string, call: () => number): void {
    try {
        console.log(name + ": " + call())
    } catch (e) {
        console.log(name + ": " + (e as Error).name + " " + (e as Error).message)
    }
}

function check(index: number, text: string): void {
    const parts = text.split("|")
    const when = parts[2].length === 0 ? undefined : parseInt(parts[2])
    const chain = certificates(parts[3])
    const anchors = certificates(parts[4])
    thrown("case " + index, () => ds._moteCertificateCheck(chain, anchors, parts[0], parseInt(parts[1]), when))
}

for (let i = 0; ; i++) {
    const text = ds._moteSetting("case-" + i)
    if (text === undefined) break
    check(i, text)
}
const leaf = Buffer.from([48, 0])
const many: Buffer[] = []
for (let i = 0; i < 17; i++) many.push(leaf)
thrown("no array", () => ds._moteCertificateCheck(leaf as unknown as Buffer[], [], "", 0, undefined))
thrown("no Buffers", () => ds._moteCertificateCheck([leaf, 1 as unknown as Buffer], [], "", 0, undefined))
thrown("no chain", () => ds._moteCertificateCheck([], [], "", 0, undefined))
thrown("too many", () => ds._moteCertificateCheck([leaf], many, "", 0, undefined))
thrown("too long", () => ds._moteCertificateCheck([Buffer.alloc(32768), leaf], [], "", 0, undefined))
thrown("no text", () => ds._moteCertificateCheck([leaf], [], 5 as unknown as string, 0, undefined))
thrown("purpose", () => ds._moteCertificateCheck([leaf], [], "", 2, undefined))
thrown("when", () => ds._moteCertificateCheck([leaf], [], "", 0, -1))
thrown("when it is no number", () => ds._moteCertificateCheck([leaf], [], "", 0, "now" as unknown as number))
ds.restart()
