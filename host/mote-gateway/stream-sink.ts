import { accessSync, constants } from "node:fs"
import { basename, dirname } from "node:path"
import { type Writable } from "node:stream"
import { createStream } from "rotating-file-stream"
import { UsageError } from "mote-dtls/gateway"
import { type FileSinkConfig } from "./config.js"
import { type ReadingRecord, type Sink } from "./sink.js"

/** Bytes that wait for a slow disk or reader before records are refused. */
const MAX_WAITING = 1048576

/** One line of JSON for each record: NDJSON. A record is safe when the operating system has it. */
class StreamSink implements Sink {
    private pending = 0
    private failure: Error | undefined

    /** @param failed told once when it can be written to no more */
    constructor(
        readonly name: string,
        private stream: Writable,
        failed: (error: Error) => void,
    ) {
        stream.on("error", (error: Error) => {
            if (this.failure === undefined) failed(error)
            this.failure = error
        })
    }

    async begin(): Promise<void> {
        // The stream opens its file with the first write.
    }

    hasRoom(): boolean {
        return this.failure === undefined && this.stream.writableLength < MAX_WAITING
    }

    put(_record: ReadingRecord, line: string): Promise<void> {
        this.pending++
        return new Promise((resolve, reject) => {
            this.stream.write(`${line}\n`, (error) => {
                this.pending--
                if (error === null || error === undefined) resolve()
                else reject(error)
            })
        })
    }

    waiting(): number {
        return this.pending
    }

    close(): Promise<void> {
        if (this.stream === process.stdout || this.failure !== undefined) return Promise.resolve()
        return new Promise((resolve) => this.stream.end(resolve))
    }
}

export function stdoutSink(failed: (error: Error) => void): Sink {
    return new StreamSink("stdout", process.stdout, failed)
}

/** A file that is rotated: FILE.1 is the newest of those before. Throws UsageError when it cannot be written. */
export function fileSink({ path, maxBytes, keep }: FileSinkConfig, failed: (error: Error) => void): Sink {
    try {
        accessSync(dirname(path), constants.W_OK)
    } catch (error) {
        const { code = "error" } = error as NodeJS.ErrnoException
        throw new UsageError(`sinks.files: cannot write to the folder of ${path} (${code})`)
    }
    const name = (index: number | Date | null): string =>
        basename(path) + (typeof index === "number" ? `.${index}` : "")
    const options = { path: dirname(path), size: `${maxBytes}B` as const, rotate: keep, mode: 0o640 }
    return new StreamSink(`file ${basename(path)}`, createStream(name, options), failed)
}
