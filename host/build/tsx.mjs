/*
 * For node --import: runs TypeScript with tsx. tsx stores compiled files in the temporary directory; here they are
 * stored in .cache with everything else that can be rebuilt, so that commands leave nothing in the temporary directory.
 */
import { mkdirSync } from "node:fs"
import { fileURLToPath } from "node:url"

const cache = fileURLToPath(new URL("../../.cache", import.meta.url))
const { TMPDIR } = process.env

mkdirSync(cache, { recursive: true })
process.env.TMPDIR = cache
await import("tsx")
if (TMPDIR === undefined) delete process.env.TMPDIR
else process.env.TMPDIR = TMPDIR
