#!/usr/bin/env node
/* npm create mote-dtls DIR is mote init DIR, without anything installed before. */
import { spawnSync } from "node:child_process"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"

const require = createRequire(import.meta.url)
const manifest = require.resolve("mote-dtls/package.json")
const mote = join(dirname(manifest), require(manifest).bin.mote)

const { status } = spawnSync(process.execPath, [mote, "init", ...process.argv.slice(2)], { stdio: "inherit" })
process.exitCode = status ?? 1
