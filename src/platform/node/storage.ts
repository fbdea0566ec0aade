import { mkdir, open, readFile, rename, rm } from "node:fs/promises"
import { join } from "node:path"
import { invalidArgument } from "../../gio/errors.js"
import { type Storage } from "../services.js"

/**
 * Blobs as files in one folder. A save writes a temporary file and renames it, so it takes effect as a whole or not at
 * all.
 */
export class NodeStorage implements Storage {
    constructor(private folder: string) {}

    private path(name: string): string {
        if (!/^[A-Za-z0-9_-]{1,14}$/.test(name)) throw invalidArgument("name", "1 to 14 letters, digits, - or _")
        return join(this.folder, name)
    }

    async load(name: string): Promise<Buffer | undefined> {
        try {
            return await readFile(this.path(name))
        } catch (error) {
            if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined
            throw error
        }
    }

    async save(name: string, value: Buffer): Promise<void> {
        const path = this.path(name)
        await mkdir(this.folder, { recursive: true })
        const file = await open(`${path}.new`, "w", 0o600)
        try {
            await file.writeFile(value)
            await file.sync()
        } finally {
            await file.close()
        }
        await rename(`${path}.new`, path)
    }

    async remove(name: string): Promise<void> {
        await rm(this.path(name), { force: true })
    }
}
