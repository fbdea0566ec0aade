/* A process that makes a shared file, slowly or without ever finishing, for test/node/check/make-once.spec.ts. */
import { appendFileSync, mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { makeOnce } from "../../host/build/make-once.js"

const SLOW = 500

const wait = (ms: number): void => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)

const [path, ending] = process.argv.slice(2)
makeOnce(path, (fresh) => {
    appendFileSync(`${path}.notes`, "begun\n")
    mkdirSync(fresh)
    writeFileSync(join(fresh, "first"), "")
    process.stdout.write("begun\n")
    wait(ending === "stuck" ? Infinity : SLOW)
    writeFileSync(join(fresh, "second"), "")
})
