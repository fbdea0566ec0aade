import { accessSync, closeSync, constants, fstatSync, ftruncateSync, openSync, readSync } from "node:fs"
import { basename, dirname } from "node:path"
import { type Writable } from "node:stream"
import { createStream } from "rotating-file-stream"
import { UsageError } from "mote-dtls/gateway"
import { type FileSinkConfig } from "./config.js"
import { type ReadingRecord, type Sink } from "./sink.js"

/** Bytes that wait for a slow disk or reader before records are refused. */
const MAX_WAITING = 1048576

/** Until a file that could not be written is tried again, ms. */
const RETRY_AFTER = 1000

/** A line that is not written yet. */
interface Line {
    text: string
    resolve: () => void
    reject: (error: Error) => void
}

/** Told in words, once for each failure until the sink can be written to again. */
type Failed = (what: string) => void

/** One line of JSON for each record: NDJSON. A record is safe when the operating system has it. */
class StreamSink implements Sink {
    private stream: Writable
    private lines = new Set<Line>()
    private failure: Error | undefined
    private timer: NodeJS.Timeout | undefined

    /** @param reopened whether it is worth while to open the stream again after a failure */
    constructor(
        readonly name: string,
        private open: () => Writable,
        private reopened: boolean,
        private failed: Failed,
    ) {
        this.stream = this.opened()
    }

    private opened(): Writable {
        return this.open().on("error", (error: Error) => this.fail(error))
    }

    private fail(error: Error): void {
        const next = this.reopened ? "; it is tried again every second" : ""
        if (this.failure === undefined) this.failed(`${this.name} cannot be written: ${error.message}${next}`)
        this.failure = error
        clearTimeout(this.timer)
        if (this.reopened) this.timer = setTimeout(() => this.reopen(), RETRY_AFTER)
        else this.giveUp(error)
    }

    /** What could not be written is written first; records are taken again once it is. */
    private reopen(): void {
        try {
            this.stream = this.opened()
        } catch (error) {
            return this.fail(error as Error)
        }
        if (this.lines.size === 0) this.failure = undefined
        for (const line of this.lines) this.write(line)
    }

    private giveUp(error: Error): void {
        for (const line of this.lines) line.reject(error)
        this.lines.clear()
    }

    private write(line: Line): void {
        this.stream.write(line.text, (error) => {
            // With an error the event "error" follows: the line waits until then.
            if (error !== null && error !== undefined) return
            this.lines.delete(line)
            line.resolve()
            if (this.lines.size === 0) this.failure = undefined
        })
    }

    async begin(): Promise<void> {
        // The stream opens its file with the first write.
    }

    hasRoom(): boolean {
        return this.failure === undefined && this.stream.writableLength < MAX_WAITING
    }

    put(_record: ReadingRecord, line: string): Promise<void> {
        return new Promise((resolve, reject) => {
            const waiting = { text: `${line}\n`, resolve, reject }
            this.lines.add(waiting)
            this.write(waiting)
        })
    }

    waiting(): number {
        return this.lines.size
    }

    async close(): Promise<void> {
        clearTimeout(this.timer)
        if (this.failure !== undefined) return this.giveUp(this.failure)
        if (this.stream !== process.stdout) await new Promise((resolve) => this.stream.end(resolve))
    }
}

/** Who does not read it any more will not begin again. */
export function stdoutSink(failed: Failed): Sink {
    return new StreamSink("stdout", () => process.stdout, false, failed)
}

/** A file that is rotated: FILE.1 is the newest of those before. Throws UsageError when it cannot be written. */
export function fileSink({ path, maxBytes, keep }: FileSinkConfig, failed: Failed): Sink {
    try {
        accessSync(dirname(path), constants.W_OK)
    } catch (error) {
        const { code = "error" } = error as NodeJS.ErrnoException
        throw new UsageError(`sinks.files: cannot write to the folder of ${path} (${code})`)
    }
    const name = (index: number | Date | null): string =>
        basename(path) + (typeof index === "number" ? `.${index}` : "")
    const options = { path: dirname(path), size: `${maxBytes}B` as const, rotate: keep, mode: 0o640 }
    const open = (): Writable => {
        cutHalfRecord(path)
        return createStream(name, options)
    }
    return new StreamSink(`file ${basename(path)}`, open, true, failed)
}

/** Longest record, bytes: a message of CoAP and its names, as JSON. */
const MAX_RECORD = 262144

/** What a disk that was full left of a record: the next one would stand behind it in the same line. */
function cutHalfRecord(path: string): void {
    let file: number | undefined
    try {
        file = openSync(path, "r+")
        const { size } = fstatSync(file)
        const tail = Buffer.alloc(Math.min(size, MAX_RECORD))
        readSync(file, tail, 0, tail.length, size - tail.length)
        const end = tail.lastIndexOf("\n") + 1
        // Nothing is cut but what this sink has written.
        if (tail.subarray(end).toString().startsWith('{"id":')) ftruncateSync(file, size - tail.length + end)
    } catch {
        // There is no such file, or it cannot be written, which its stream will tell.
    } finally {
        if (file !== undefined) closeSync(file)
    }
}
