/*
 * npm run abi: generates the files for C and TypeScript from firmware/abi/abi.json. With --check it writes nothing, and
 * exits with 1 if a file is not current.
 */
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { format, resolveConfig } from "prettier"
import { descriptionPath, readDescription, root } from "../abi/description.js"
import { bytecodeHeader, nativesHeader, publicHeader } from "../abi/write-c.js"
import { algorithmsModule, hostModule, nativesModule } from "../abi/write-typescript.js"

/** The contents of the generated files, by path. */
export async function abiFiles(): Promise<Map<string, string>> {
    const description = readDescription()
    const files = new Map([
        ["firmware/vm/mote_abi.h", publicHeader(description)],
        ["firmware/vm/bytecode.h", bytecodeHeader(description)],
        ["firmware/natives/native_list.h", nativesHeader(description)],
    ])
    const modules: [string, string][] = [
        ["host/abi/abi.ts", hostModule(description)],
        ["src/platform/runtime/natives.ts", nativesModule(description)],
        ["src/dtls/crypto/algorithm-numbers.ts", algorithmsModule(description)],
    ]
    const options = await resolveConfig(join(root, "package.json"))
    for (const [path, text] of modules) files.set(path, await format(text, { ...options, parser: "typescript" }))
    return files
}

/** Paths of generated files that are not current. */
export async function staleAbiFiles(): Promise<string[]> {
    const current = (path: string, text: string): boolean => {
        try {
            return readFileSync(join(root, path), "utf8") === text
        } catch {
            return false // missing
        }
    }
    return [...(await abiFiles())].filter(([path, text]) => !current(path, text)).map(([path]) => path)
}

if (process.argv[1] === import.meta.filename) {
    const stale = await staleAbiFiles()
    if (!process.argv.includes("--check")) {
        const files = await abiFiles()
        for (const path of stale) writeFileSync(join(root, path), files.get(path) as string)
        console.log(stale.length === 0 ? "nothing to write" : `written: ${stale.join(", ")}`)
    } else if (stale.length > 0) {
        console.error(`not what ${descriptionPath} says: ${stale.join(", ")}; npm run abi writes them`)
        process.exitCode = 1
    }
}
