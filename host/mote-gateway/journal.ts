import { readdirSync, readFileSync, rmSync } from "node:fs"
import { type FileHandle, mkdir, open, rename } from "node:fs/promises"
import { join } from "node:path"

/** A file grows to about this, bytes; delivered lines give their room back file by file. */
const SEGMENT_BYTES = 1048576

const SEGMENT = /^\d{8}\.ndjson$/

interface Segment {
    path: string
    lines: number
    /** of these are delivered */
    gone: number
    bytes: number
}

interface Append {
    text: string
    resolve: () => void
    reject: (error: Error) => void
}

/**
 * Lines on disk, oldest first, in numbered files of one folder. After a crash lines that were delivered already may be there
 * again, and none that was appended is missing.
 */
export class Journal {
    private segments: Segment[] = []
    private handle: FileHandle | undefined
    private appends: Append[] = []
    /** what reads or changes files happens one after the other */
    private turn: Promise<void> = Promise.resolve()
    private next = 1

    private constructor(private folder: string) {}

    /** @returns the journal, and what it holds from an earlier run */
    static async open(folder: string): Promise<{ journal: Journal; lines: string[] }> {
        await mkdir(folder, { recursive: true, mode: 0o700 })
        const journal = new Journal(folder)
        const names = readdirSync(folder).filter((name) => SEGMENT.test(name))
        const lines = names.sort().flatMap((name) => journal.read(name))
        await journal.begin()
        return { journal, lines }
    }

    private read(name: string): string[] {
        const path = join(this.folder, name)
        // A last line without its end was cut by a crash: nobody was told that it is safe.
        const lines = readFileSync(path, "utf8").split("\n").slice(0, -1)
        this.segments.push({ path, lines: lines.length, gone: 0, bytes: SEGMENT_BYTES })
        this.next = Number(name.slice(0, 8)) + 1
        return lines
    }

    private nextPath(): string {
        return join(this.folder, `${String(this.next++).padStart(8, "0")}.ndjson`)
    }

    /** A new file, to which lines are appended from now on. */
    private async begin(): Promise<void> {
        const path = this.nextPath()
        const handle = await open(path, "a", 0o600)
        await this.syncFolder()
        await this.handle?.close()
        this.handle = handle
        this.segments.push({ path, lines: 0, gone: 0, bytes: 0 })
    }

    private async syncFolder(): Promise<void> {
        const folder = await open(this.folder)
        await folder.sync()
        await folder.close()
    }

    /** Resolves when the line is safe against a loss of power. */
    append(line: string): Promise<void> {
        return new Promise((resolve, reject) => {
            this.appends.push({ text: `${line}\n`, resolve, reject })
            if (this.appends.length === 1) this.queue(() => this.flush())
        })
    }

    private queue(work: () => Promise<void>): void {
        this.turn = this.turn.then(work)
    }

    /** Lines that came meanwhile are written, and made safe, together. */
    private async flush(): Promise<void> {
        const appends = this.appends.splice(0)
        const handle = this.handle as FileHandle
        const segment = this.segments.at(-1) as Segment
        try {
            const text = appends.map((append) => append.text).join("")
            await handle.appendFile(text)
            await handle.datasync()
            segment.lines += appends.length
            segment.bytes += Buffer.byteLength(text)
            for (const { resolve } of appends) resolve()
        } catch (error) {
            // A disk that is full has taken a part of them: what comes next must not stand behind half a line.
            await handle.truncate(segment.bytes).catch(() => undefined)
            for (const { reject } of appends) reject(error as Error)
        }
        // Where none can be made the one before grows on, and the next lines try again.
        if (segment.bytes >= SEGMENT_BYTES) await this.begin().catch(() => undefined)
    }

    /** The oldest lines are delivered. */
    delivered(count: number): void {
        this.queue(async () => {
            let left = count
            for (const segment of this.segments) {
                const gone = Math.min(left, segment.lines - segment.gone)
                segment.gone += gone
                left -= gone
            }
            await this.tidy()
        })
    }

    private async tidy(): Promise<void> {
        while (this.segments.length > 1 && this.segments[0].gone === this.segments[0].lines) {
            rmSync(this.segments[0].path, { force: true })
            this.segments.shift()
        }
        const [only] = this.segments
        if (this.segments.length > 1 || only.lines === 0 || only.gone < only.lines) return
        await this.handle?.truncate(0)
        Object.assign(only, { lines: 0, gone: 0, bytes: 0 })
    }

    /** @param rest what is not delivered: it replaces all files, so that the next run begins with it and nothing else */
    async close(rest: string[]): Promise<void> {
        await this.turn
        await this.handle?.close()
        const before = this.segments.splice(0)
        if (rest.length > 0) {
            const path = this.nextPath()
            const file = await open(`${path}.new`, "w", 0o600)
            await file.writeFile(rest.map((line) => `${line}\n`).join(""))
            await file.sync()
            await file.close()
            await rename(`${path}.new`, path)
            await this.syncFolder()
        }
        for (const { path } of before) rmSync(path, { force: true })
    }
}
