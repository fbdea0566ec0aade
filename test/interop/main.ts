import { coverage, matrix, runCell } from "./matrix.js"

/* npm run interop: runs every cell and prints the matrix; --json for programs. */

const json = process.argv.includes("--json")
const results: object[] = []
let surprises = 0
const cells = matrix()
for (const cell of cells) {
    const result = await runCell(cell)
    const asKnown = result === cell.expected
    if (!asKnown) surprises++
    const { peer, version, role, suite, what, features, command } = cell
    results.push({ peer, version, role, suite, what, features, result, command })
    if (!json) {
        const mark = result === "ok" ? "ok    " : asKnown ? "known " : "FAILED"
        console.log(`${mark} ${`${peer} ${version}`.padEnd(22)} as ${role.padEnd(6)} ${suite.padEnd(38)} ${what}`)
        if (result !== "ok") console.log(`       ${result.split("\n").join("\n       ")}`)
    }
}
if (json) console.log(JSON.stringify({ features: coverage(cells), cells: results }))
else console.log(`${results.length} cells, ${surprises} not as expected`)
process.exitCode = surprises === 0 ? 0 : 1
