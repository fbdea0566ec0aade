import { ok, strictEqual } from "node:assert/strict"
import { certificate, readEverything } from "../../engine/x509.test-suite.js"

describe("malformed certificates", () => {
    it("that are truncated anywhere are rejected", () => {
        for (let end = 0; end < certificate.length; end++)
            strictEqual(readEverything(certificate.subarray(0, end)), false, String(end))
    })

    it("with any byte changed are read or refused, and nothing throws", () => {
        let refused = 0
        for (let at = 0; at < certificate.length; at++) {
            for (const value of [0, 1, 0x30, 0x7f, 0x80, 0x81, 0x84, 0xff]) {
                const changed = Buffer.from(certificate)
                changed[at] = value
                if (!readEverything(changed)) refused++
            }
        }
        ok(refused > 0)
    })
})
