import { spawnSync } from "node:child_process"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { root } from "../../host/folders.js"
import { temporaryFolder } from "../../host/temporary.js"

/*
 * The library as its package has it, compiled by the same compiler with the same settings: tsx adds a call to functions that
 * have a name, which no user of the package runs.
 */

const folder = temporaryFolder("bench-published")

function compile(): void {
    const compiler = join(root, "node_modules", "typescript-native", "bin", "tsc")
    const args = [compiler, "-p", join(root, "tsconfig.build.json"), "--outDir", folder]
    const { status, stdout } = spawnSync(process.execPath, args, { encoding: "utf8" })
    if (status !== 0) throw new Error(`the library does not compile: ${stdout}`)
    writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module" }))
}

async function load(file: string): Promise<unknown> {
    return await import(pathToFileURL(join(folder, "src", file)).href)
}

compile()

export const { connect, listen } = (await load("index.js")) as typeof import("../../src/index.js")

export const { allSuites, TLS_PSK_WITH_AES_128_CCM_8 } = (await load(
    "dtls/key-exchange/suites.js",
)) as typeof import("../../src/dtls/key-exchange/suites.js")

export const { InputMessage } = (await load(
    "gio/datagram-based.js",
)) as typeof import("../../src/gio/datagram-based.js")
