/*
 * The only module of the command line that writes to standard output and standard error. What peers and devices sent is
 * printed as one line, which can neither begin another line nor control the terminal.
 */
import { printable, printableJson } from "../../src/platform/node/printable.js"
import { stop } from "./stopping.js"

/** Prints one line on standard output, escaped and cut. */
export function printLine(line: string): void {
    process.stdout.write(`${printable(line)}\n`)
}

/** Prints one line on standard error, escaped and cut. */
export function printNote(line: string): void {
    process.stderr.write(`${printable(line)}\n`)
}

/** Prints an object for programs, as one line on standard output. */
export function printJson(value: object): void {
    process.stdout.write(`${printableJson(value)}\n`)
}

/** Prints a peer's message as one line; a newline at its end ends the line. */
export function printMessage(message: Buffer): void {
    process.stdout.write(`${printable(message.toString().replace(/\r?\n$/, ""), Infinity)}\n`)
}

/** Prints this program's own text, of any number of lines. */
export function printText(text: string): void {
    process.stdout.write(`${text}\n`)
}

/** Prints data without escaping. */
export function printRaw(data: string | Buffer): void {
    process.stdout.write(data)
}

/**
 * A reader may stop early: `mote sensor ... | head` is not an error, and the next line ends the command like Ctrl-C.
 */
export function stopWithReader(): void {
    for (const stream of [process.stdout, process.stderr])
        stream.on("error", (error: NodeJS.ErrnoException) => {
            if (error.code !== "EPIPE" && error.code !== "ERR_STREAM_DESTROYED") throw error
            stop("nobody reads its output any more")
        })
}
