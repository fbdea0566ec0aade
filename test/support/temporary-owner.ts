/* A process with a temporary folder, for test/node/check/temporary.spec.ts: ends at once, at a signal, or as told. */
import { temporaryFolder } from "../../host/temporary.js"

process.stdout.write(`${temporaryFolder("owned")}\n`)
const [ending] = process.argv.slice(2)
if (ending !== "exit") setInterval(() => undefined, 1000)
if (ending === "handle") process.once("SIGTERM", () => setTimeout(() => process.exit(7), 50))
