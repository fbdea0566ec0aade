/*
 * The one place of the command line that writes to standard output and standard error. What peers and devices sent
 * becomes one line here: nothing in it can begin another line or steer the terminal.
 */
import { printable, printableJson } from "../../src/platform/node/printable.js"
import { stop } from "./stopping.js"

/** One line on standard output, escaped and cut. */
export function printLine(line: string): void {
    process.stdout.write(`${printable(line)}\n`)
}

/** One line on standard error, escaped and cut. */
export function printNote(line: string): void {
    process.stderr.write(`${printable(line)}\n`)
}

/** For programs: one object as one line on standard output. */
export function printJson(value: object): void {
    process.stdout.write(`${printableJson(value)}\n`)
}

/** A message of a peer as one whole line: a newline at its end is the line's. */
export function printMessage(message: Buffer): void {
    process.stdout.write(`${printable(message.toString().replace(/\r?\n$/, ""), Infinity)}\n`)
}

/** Text of this program itself, of any number of lines. */
export function printText(text: string): void {
    process.stdout.write(`${text}\n`)
}

/** What somebody wants as it is. */
export function printRaw(data: string | Buffer): void {
    process.stdout.write(data)
}

/** Whoever reads the output may stop: `mote sensor ... | head` is no defect, and the next line ends it as Ctrl-C does. */
export function stopWithReader(): void {
    for (const stream of [process.stdout, process.stderr])
        stream.on("error", (error: NodeJS.ErrnoException) => {
            if (error.code !== "EPIPE" && error.code !== "ERR_STREAM_DESTROYED") throw error
            stop("nobody reads its output any more")
        })
}
