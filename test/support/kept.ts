/* Files that tests make from the repository's, cached for all processes until one of the sources changes. */
import { createHash } from "node:crypto"
import { readdirSync, readFileSync, rmSync } from "node:fs"
import { basename, join, relative } from "node:path"
import { makeOnce } from "../../host/build/make-once.js"
import { root } from "../../host/folders.js"

function filesBelow(folder: string): string[] {
    const entries = readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
    return files.map((path) => relative(root, path)).sort()
}

/**
 * Makes a folder below .cache/`kind`, unless it was made from the same sources before.
 * @param sources files and folders of the repository from which it is made
 * @param make writes to the path passed to it
 * @returns its path
 */
export function keptFolder(
    kind: string,
    sources: { files: string[]; folders: string[] },
    make: (fresh: string) => void,
): string {
    const hash = createHash("sha256")
    for (const name of [...sources.files, ...sources.folders.flatMap(filesBelow)])
        hash.update(name).update(readFileSync(join(root, name)))
    const all = join(root, ".cache", kind)
    const kept = join(all, hash.digest("hex").slice(0, 16))
    return makeOnce(kept, (fresh) => {
        make(fresh)
        // Results from earlier sources are no longer needed.
        for (const name of readdirSync(all).filter((other) => !other.startsWith(basename(kept))))
            rmSync(join(all, name), { recursive: true, force: true })
    })
}
