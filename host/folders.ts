/* Where Mote's own files are, in its repository and as an installed package, and where it may write. */
import { existsSync } from "node:fs"
import { dirname, join, sep } from "node:path"
import { fileURLToPath } from "node:url"

/** The nearest folder at or above `folder` that holds one of `names`; undefined when there is none. */
export function folderWith(folder: string, ...names: string[]): string | undefined {
    if (names.some((name) => existsSync(join(folder, name)))) return folder
    const above = dirname(folder)
    return above === folder ? undefined : folderWith(above, ...names)
}

/** Mote's own folder: the repository, or the package in somebody's node_modules. Ends without a separator. */
export const root = folderWith(dirname(fileURLToPath(import.meta.url)), "package.json") as string

const isInstalled = root.includes(`${sep}node_modules${sep}`)

/** What `npm run prepack` compiles ahead; beside the compiled JavaScript, and so not there in the repository. */
export const prebuilt = fileURLToPath(new URL("../prebuilt", import.meta.url))

/** The project that the current folder belongs to; without a package.json the current folder itself. */
export function projectFolder(): string {
    return folderWith(process.cwd(), "package.json") ?? process.cwd()
}

/**
 * A folder for what can be made again: below .cache in the repository, below .mote in a project that uses the package, since
 * node_modules belongs to npm.
 * @param part of what kind it is: "device", "native", ...
 */
export function cacheFolder(part: string): string {
    return isInstalled ? join(projectFolder(), ".mote", part) : join(root, ".cache", part)
}

/** Flags of C compilers: what they make names no folder of this computer, so that the same sources give the same bytes. */
export const withoutPaths = (): string[] =>
    [...new Set([projectFolder(), root])].map((folder) => `-ffile-prefix-map=${folder}=.`)
