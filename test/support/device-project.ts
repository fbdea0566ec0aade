import { spawnSync } from "node:child_process"
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { root } from "../../host/build/device.js"
import { temporaryFolder } from "../../host/temporary.js"
import { mote } from "../interop/process.js"

export const KEY = "000102030405060708090a0b0c0d0e0f"

/** Output of a command. */
export interface Told {
    code: number | null
    out: string
    err: string
}

/** A folder with a configuration, a program and credentials. */
export function project(config: object, credentials: object | undefined): string {
    const folder = temporaryFolder("config")
    mkdirSync(join(folder, "src"))
    writeFileSync(join(folder, "src", "app.ts"), 'console.log("hello")\n')
    writeFileSync(join(folder, "devs.config.json"), JSON.stringify(config))
    if (credentials !== undefined) writeFileSync(join(folder, "keys.json"), JSON.stringify(credentials))
    return folder
}

/** Runs a command of mote with the configuration in a folder. */
export function run(command: string, folder: string, ...args: string[]): Told {
    const [program, ...rest] = mote(command, "--config", join(folder, "devs.config.json"), ...args) as [
        string,
        ...string[],
    ]
    const { status, stdout, stderr } = spawnSync(program, rest, { cwd: root, encoding: "utf8", timeout: 120000 })
    return { code: status, out: stdout, err: stderr }
}

/** A valid configuration. */
export const good = {
    program: "src/app.ts",
    board: "posix",
    target: "coaps://gateway.local/readings",
    credentials: "keys.json",
}

/** Its credentials. */
export const keys = { identity: "sensor1", key: KEY }
