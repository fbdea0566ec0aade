import { wrongArgument } from "./errors.js"

/** Throws ERR_DTLS_INVALID_ARGUMENT for the first unknown option and names it. Otherwise a misspelt option would be silently ignored. */
export function checkNames(options: object, known: readonly string[]): void {
    if (typeof options !== "object" || options === null) throw wrongArgument("options", "an object")
    const unknown = Object.keys(options).find((name) => !known.includes(name))
    if (unknown !== undefined) throw wrongArgument(unknown, `no such option; there are ${known.join(", ")}`)
}

/** The value of an option that is true or false; false when it is not set. Throws ERR_DTLS_INVALID_ARGUMENT for any other. */
export function flag(name: string, value: boolean | undefined): boolean {
    if (value !== undefined && typeof value !== "boolean") throw wrongArgument(name, "true or false")
    return value === true
}

/** Whether a number is whole and between 0 and `most`, both included. */
export function isWhole(value: number, most: number): boolean {
    return Number.isInteger(value) && value >= 0 && value <= most
}

/** The bytes of an option that is a text (as UTF-8) or bytes. Throws ERR_DTLS_INVALID_ARGUMENT for any other. */
export function bytesOf(name: string, value: string | Uint8Array): Buffer {
    if (typeof value !== "string" && !(value instanceof Uint8Array)) throw wrongArgument(name, "a text or bytes")
    return Buffer.from(value)
}
