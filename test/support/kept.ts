/* What tests make of the repository's files, kept for all processes until one of those files changes. */
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
 * Makes a folder below .cache/`kind`, unless it was made of the same files before.
 * @param sources files and folders of the repository that it is made of
 * @param make writes to the path that it is given
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
        // What was made of earlier files is of no use any more.
        for (const name of readdirSync(all).filter((other) => !other.startsWith(basename(kept))))
            rmSync(join(all, name), { recursive: true, force: true })
    })
}
