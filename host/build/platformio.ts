import { spawnSync } from "node:child_process"
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { root } from "./device.js"
import { exclusively } from "./make-once.js"

/** From PyPI. SCons 4.11.1 is the version that this PlatformIO requires as its package tool-scons. */
const PLATFORMIO = "6.2.0"
const SCONS = "4.11.1"
const TOOL_SCONS = "4.41101.0"

const home = join(root, ".cache", "platformio")
const venv = join(home, `venv-${PLATFORMIO}`)
const core = join(home, "core")

const SCONS_SCRIPT = `import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from SCons.Script import main

main()
`

function must(program: string, args: string[]): void {
    const run = spawnSync(program, args, { encoding: "utf8" })
    if (run.status !== 0) throw new Error(`${program} ${args[0]}: ${run.error?.message ?? run.stderr}`)
}

/** PlatformIO would always download this package: installs it from PyPI's scons instead. */
function layOutScons(): void {
    const tool = join(core, "packages", "tool-scons")
    if (existsSync(join(tool, "scons.py"))) return
    const lib = join(venv, "lib")
    const python = readdirSync(lib).find((name) => name.startsWith("python")) as string
    mkdirSync(tool, { recursive: true })
    cpSync(join(lib, python, "site-packages", "SCons"), join(tool, "SCons"), { recursive: true })
    const spec = { owner: "platformio", id: null, name: "tool-scons", requirements: null, uri: null }
    writeFileSync(join(tool, ".piopm"), JSON.stringify({ type: "tool", name: "tool-scons", version: TOOL_SCONS, spec }))
    writeFileSync(join(tool, "package.json"), JSON.stringify({ name: "tool-scons", version: TOOL_SCONS }))
    writeFileSync(join(tool, "scons.py"), SCONS_SCRIPT)
}

/** Why PlatformIO cannot be installed here, as a sentence; undefined if it can. */
export function missingForPlatformio(): string | undefined {
    const found = spawnSync("python3", ["-c", "import venv, ensurepip"]).status === 0
    return found ? undefined : "python3-venv is not installed"
}

/** A venv contains its own path, so it is created in place; an incomplete one is replaced. */
function install(): void {
    if (!existsSync(join(venv, "bin", "pio"))) {
        rmSync(venv, { recursive: true, force: true })
        must("python3", ["-m", "venv", venv])
        must(join(venv, "bin", "pip"), ["install", "-q", `platformio==${PLATFORMIO}`, `scons==${SCONS}`])
    }
    layOutScons()
}

/** Installs PlatformIO from PyPI into the project's cache, once. @returns a function that runs it */
export function platformio(): (...args: string[]) => { status: number | null; output: string } {
    exclusively(home, install)
    const env = {
        ...process.env,
        PLATFORMIO_CORE_DIR: core,
        PLATFORMIO_SETTING_ENABLE_TELEMETRY: "no",
        PLATFORMIO_SETTING_CHECK_PLATFORMIO_INTERVAL: "3650",
        PLATFORMIO_WORKSPACE_DIR: join(home, "workspace"),
    }
    return (...args) => {
        const run = spawnSync(join(venv, "bin", "pio"), args, { cwd: root, env, encoding: "utf8", timeout: 300000 })
        return { status: run.status, output: run.stdout + run.stderr }
    }
}
