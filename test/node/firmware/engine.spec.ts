import { ok } from "node:assert/strict"
import { suitePrograms } from "../../engine/names.js"
import { Running } from "../../interop/process.js"
import { needs } from "../../support/needs.js"
import { board, hotLinux, linux, translatedLinux } from "./device-under-test.js"

describe("the engine's own tests, with the device's cryptography", function () {
    this.timeout(240000)

    for (const kind of [linux, translatedLinux, hotLinux, board])
        for (const { file, names } of suitePrograms)
            it(`pass on ${kind.name}, the same names as in Node: the suites of ${file}`, async function () {
                needs(this, kind.missing())
                const device = new Running(await kind.command(`test/device/natives/${file}`, { arena: "96" }))
                try {
                    await device.expect(`tests: ${names.length}, pass: ${names.length}, error: 0`, 120000)
                    for (const name of names)
                        ok(device.output.includes(`  ${name}\n`), `not run: ${name}\n${device.output}`)
                } finally {
                    await device.end()
                }
            })
})
