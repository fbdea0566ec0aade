import { ok, strictEqual } from "node:assert/strict"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { root } from "../../../host/build/device.js"
import { cases, type OracleCase } from "../../oracle/cases.js"
import { differences } from "../../oracle/differences.js"
import { type Answer, Pair } from "../../oracle/pair.js"
import { type Recorded, replay } from "../../oracle/replay.js"

interface Recording {
    cases: { case: string; about: string; calls: Recorded[] }[]
}

const recording = JSON.parse(readFileSync(join(root, "test/oracle/gio-observed.json"), "utf8")) as Recording

/** Time limit for a call, ms, because some calls of the real GIO never return. */
const PATIENCE = 4000

async function within<T>(work: Promise<T>, call: string): Promise<T> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_resolve, reject) => {
        timer = setTimeout(() => reject(new Error(`did not return: ${call}`)), PATIENCE)
    })
    try {
        return await Promise.race([work, late])
    } finally {
        clearTimeout(timer)
    }
}

function compare(recorded: Recorded, ours: Answer, what: OracleCase, index: number): void {
    const override = what.differs?.[index]
    if (override !== undefined) {
        ok(differences[override.why])
        if (override.result !== undefined)
            strictEqual(ours.result, override.result, `${recorded.call} [${override.why}]`)
        if (override.error !== undefined) strictEqual(ours.error ?? null, override.error, recorded.call)
        if (override.detail !== undefined) strictEqual(ours.detail ?? null, override.detail, recorded.call)
        return
    }
    strictEqual(ours.result, recorded.result, recorded.call)
    strictEqual(ours.error, recorded.error, recorded.call)
    if (recorded.detail !== undefined)
        strictEqual(
            ours.detail,
            recorded.detail
                .replace(/flags=\(left alone\)/g, "flags=0")
                .replace(/address=\(left alone\)/g, "address=null"),
            recorded.call,
        )
}

async function run(what: OracleCase, calls: Recorded[]): Promise<void> {
    const pair = await Pair.make(what.settings, what.certificates)
    try {
        if (what.open !== false) await pair.handshake()
        for (const [index, recorded] of calls.entries()) {
            await what.before?.[index]?.(pair)
            const beside = what.meanwhile?.[index]?.(pair)
            if (what.context?.includes(index) === true) continue
            const ours = await within(replay(pair, recorded.call, what.cancelAfter?.[index]), recorded.call)
            ok(ours !== undefined, `the driver does not know: ${recorded.call}`)
            compare(recorded, ours, what, index)
            await beside
        }
    } finally {
        await pair.close()
    }
}

describe("comparison with a real Gio.DtlsConnection", () => {
    for (const what of cases) {
        const recorded = recording.cases.find((entry) => entry.case === what.name)
        const named = [...new Set(Object.values(what.differs ?? {}).map((override) => override.why))]
        const but = named.length === 0 ? "" : `; differs on purpose: ${named.join(", ")}`
        it(`${what.name}: ${recorded?.about ?? "?"}${but}`, async () => {
            ok(recorded !== undefined)
            await run(what, recorded.calls)
        })
    }

    it("has a row in docs/gio.md for every difference", () => {
        const page = readFileSync(join(root, "docs/gio.md"), "utf8")
        for (const name of Object.keys(differences)) ok(page.includes(`| ${name} |`), name)
    })
})
