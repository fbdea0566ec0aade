import { ok, strictEqual } from "node:assert/strict"
import { spawnSync } from "node:child_process"
import { join } from "node:path"
import { linkSmall } from "../../../bench/engines/board.js"
import { root } from "../../../host/build/device.js"
import { missingForBoard } from "../../../host/build/rv32.js"
import { temporaryFolder } from "../../../host/temporary.js"
import { missingProgram, needs } from "../../support/needs.js"
import { simulatedDevice } from "../../support/simulated-device.js"

const checksums = (output: string): string[] => [...output.matchAll(/^checksum: (\d+)$/gm)].map(([, value]) => value)

const sourcesOf = (program: string): string[] =>
    ["native", program].map((name) => join(root, "firmware", "bench", "engines", `${name}.c`))

function inC(program: string): string[] {
    const path = join(temporaryFolder("engines"), program)
    const warnings = ["-Wall", "-Wextra", "-Wconversion", "-Werror", "-fsanitize=undefined", "-fno-sanitize-recover"]
    const compiled = spawnSync("gcc", ["-std=gnu11", "-O1", ...warnings, ...sourcesOf(program), "-o", path], {
        encoding: "utf8",
    })
    strictEqual(compiled.status, 0, compiled.stderr)
    return checksums(spawnSync(path, { encoding: "utf8" }).stdout)
}

async function inSimulator(program: string): Promise<string[]> {
    const lines: string[] = []
    const device = await simulatedDevice(
        `test/device/bench/engines/${program}.ts`,
        {},
        {
            heapBytes: 48 * 1024,
            virtualTime: true,
            natives: [{ name: "_benchInstructions", numArgs: 0, run: () => 0 }],
            print: (_, line) => void lines.push(line),
        },
    )
    const { code, exception } = await device.run()
    strictEqual(code, 0, exception)
    return checksums(lines.join("\n"))
}

describe("the programs of bench:engines", function () {
    this.timeout(120000)

    before(function () {
        needs(this, missingProgram("gcc"))
    })

    for (const program of ["codec", "table", "states"])
        it(`${program} has the same checksum in TypeScript and in C, in both of its runs`, async () => {
            const [first, second] = inC(program)
            ok(Number(first) > 0)
            strictEqual(second, first)
            strictEqual((await inSimulator(program)).join(), [first, first].join())
        })

    it("link for the emulated core, without machine and network", function () {
        needs(this, missingForBoard())
        const { flash } = linkSmall(sourcesOf("codec").map((path) => ({ path, part: "program" })))
        ok(flash["program"] > 0)
    })
})
