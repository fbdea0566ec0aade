import {
    closeSync,
    fsyncSync,
    mkdirSync,
    openSync,
    readdirSync,
    readFileSync,
    renameSync,
    rmSync,
    writeSync,
} from "node:fs"
import { join } from "node:path"
import { type AssociationStore } from "./saved-connection.js"

const SUFFIX = ".saved"

/**
 * Stores each entry in a file of its own, readable only by the owner. The folder is created if it does not exist. When `save` returns, the
 * entry survives a power failure. After a power failure during `save`, an entry is never incomplete.
 */
export class FolderStore implements AssociationStore {
    constructor(private folder: string) {
        mkdirSync(folder, { recursive: true, mode: 0o700 })
    }

    load(name: string): Buffer | undefined {
        try {
            return readFileSync(this.path(name))
        } catch (error) {
            if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined
            throw error
        }
    }

    save(name: string, value: Buffer): void {
        const path = this.path(name)
        const file = openSync(`${path}.new`, "w", 0o600)
        try {
            writeSync(file, value)
            fsyncSync(file)
        } finally {
            closeSync(file)
        }
        renameSync(`${path}.new`, path)
        this.syncFolder()
    }

    remove(name: string): void {
        rmSync(this.path(name), { force: true })
        this.syncFolder()
    }

    names(): string[] {
        const files = readdirSync(this.folder).filter((file) => file.endsWith(SUFFIX))
        return files.map((file) => decodeURIComponent(file.slice(0, -SUFFIX.length)))
    }

    private path(name: string): string {
        return join(this.folder, encodeURIComponent(name) + SUFFIX)
    }

    /** Makes the new directory entry survive a power failure, too. Windows cannot do this for folders. */
    private syncFolder(): void {
        if (process.platform === "win32") return
        const folder = openSync(this.folder, "r")
        try {
            fsyncSync(folder)
        } finally {
            closeSync(folder)
        }
    }
}
