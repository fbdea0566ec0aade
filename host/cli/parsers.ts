/*
 * Parsers for the values of options. Each throws a UsageError that describes a valid value and does not repeat what was
 * typed, which may be a key in the wrong place.
 */
import { Option } from "commander"
import { isIP } from "node:net"
import { UsageError } from "../credentials.js"

/** Collects the values of an option that may be repeated. */
export function repeated(value: string, previous: string[] | undefined): string[] {
    return [...(previous ?? []), value]
}

/** A whole number in a range. @param name of the option, as typed */
export function whole(name: string, minimum: number, maximum: number): (given: string) => number {
    return (given) => {
        const value = /^\d{1,9}$/.test(given) ? Number(given) : NaN
        if (!(value >= minimum && value <= maximum))
            throw new UsageError(`${name}: a whole number from ${minimum} to ${maximum}`)
        return value
    }
}

/** A percentage, fractions allowed, as a probability from 0 to 1. */
export function percent(name: string): (given: string) => number {
    return (given) => {
        const value = /^\d{1,3}(\.\d{1,3})?$/.test(given) ? Number(given) : NaN
        if (!(value <= 100)) throw new UsageError(`${name}: a percentage, from 0 to 100`)
        return value / 100
    }
}

/** Seconds, fractions allowed, converted to ms. */
export function seconds(name: string): (given: string) => number {
    return (given) => {
        const value = /^\d{0,7}(\.\d{1,3})?$/.test(given) ? Number(given) * 1000 : NaN
        if (!(value >= 10 && value <= 2147483000)) throw new UsageError(`${name}: seconds, from 0.01 to 2147483`)
        return value
    }
}

/** An option with one of a few words as its value; help and shell completion list them. */
export function choice(flags: string, description: string, words: readonly string[]): Option {
    const option = new Option(flags, description).choices(words)
    // The library's own parser would repeat what was typed.
    return option.argParser((given: string) => {
        if (!words.includes(given)) {
            const last = words.at(-1) ?? ""
            const rest = words.slice(0, -1).join(", ")
            throw new UsageError(`${option.long ?? flags}: ${rest} or ${last}`)
        }
        return given
    })
}

/** A numeric address of this machine. */
export function localHost(given: string): string {
    if (isIP(given) === 0) throw new UsageError("--host: a numeric address of this machine")
    return given
}

/** "HOST:PORT", "[IPV6]:PORT" or only HOST. */
export function hostAndPort(given: string, defaultPort: number): { host: string; port: number } {
    const bare = isIP(given) === 6 ? `[${given}]` : given
    const match = /^(\[([^\]]+)\]|[^:[\]\s]+)(?::(\d{1,5}))?$/.exec(bare)
    const port = Number(match?.[3] ?? defaultPort)
    if (match === null || port < 1 || port > 65535)
        throw new UsageError(`the address is wrong: write HOST:PORT, for example 127.0.0.1:5684 or [::1]:5684`)
    return { host: match[2] ?? match[1], port }
}
