/*
 * For node --import: runs TypeScript with tsx. tsx keeps what it has compiled below the temporary directory; here it is
 * kept in .cache with everything else that can be made again, so that no command leaves anything in the former.
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
