import { wrongArgument } from "./errors.js"

/** Throws ERR_DTLS_INVALID_ARGUMENT for the first unknown option and names it. Otherwise a misspelt option would be silently ignored. */
export function checkNames(options: object, known: readonly string[]): void {
    if (typeof options !== "object" || options === null) throw wrongArgument("options", "an object")
    const unknown = Object.keys(options).find((name) => !known.includes(name))
    if (unknown !== undefined) throw wrongArgument(unknown, `no such option; there are ${known.join(", ")}`)
}
