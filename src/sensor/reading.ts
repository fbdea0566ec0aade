import { invalidArgument } from "../gio/errors.js"

/** One measured value. */
export interface Reading {
    /** "temperature", "humidity" */
    name: string
    /** SenML unit (RFC 8428 §12.1): "Cel", "%RH" */
    unit: string
    value: number
}

/** The readings of one moment, sent in one message. */
export interface Sample {
    /** sequence number, from 1 */
    number: number
    /** Unix seconds; undefined if the clock is not set */
    time: number | undefined
    readings: Reading[]
}

/** A source of readings: a driver, or a simulation. May take some time. */
export interface ReadingSource {
    read(): Promise<Reading[]>
}

/**
 * Simulates a room that warms and cools: a wave with a period of an hour for each value, and a little noise.
 * @devsWhenUsed
 */
export class SimulatedSource implements ReadingSource {
    private step = 0

    /** @param noise returns a random number below 1 */
    constructor(private noise: () => number) {}

    async read(): Promise<Reading[]> {
        const wave = triangle(this.step)
        this.step = (this.step + 1) & 255
        return [
            { name: "temperature", unit: "Cel", value: hundredths(20 + 3 * wave + this.noise() / 5) },
            { name: "humidity", unit: "%RH", value: hundredths(52 - 8 * wave + this.noise() / 2) },
        ]
    }
}

/** A triangle wave between 0 and 1 with a period of 256 steps. */
function triangle(step: number): number {
    return (step < 128 ? step : 256 - step) / 128
}

function hundredths(value: number): number {
    return Math.round(value * 100) / 100
}

/** Above this limit the hundredths of a number are not printed exactly in both languages. */
const DECIMAL_LIMIT = 1e13

/**
 * Formats a number with two decimals, identically in both languages. Throws INVALID_ARGUMENT (argument "value") for NaN
 * and for numbers that are not between -10^13 and 10^13.
 */
export function decimalText(value: number): string {
    if (!(Math.abs(value) < DECIMAL_LIMIT)) throw invalidArgument("value", "must be a number between -10^13 and 10^13")
    const scaled = Math.round(Math.abs(value) * 100)
    const whole = Math.floor(scaled / 100)
    const rest = scaled - whole * 100
    return (value < 0 && scaled > 0 ? "-" : "") + whole + "." + (rest < 10 ? "0" : "") + rest
}
