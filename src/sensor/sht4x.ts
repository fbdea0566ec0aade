import { i2c } from "@devicescript/i2c"
import * as ds from "@devicescript/core"
import { type Reading, type ReadingSource } from "./reading.js"

/** I2C address of the SHT4x-A, and of the SHT3x with ADDR low. */
export const SHT_ADDRESS = 0x44

/**
 * A command and the duration of its measurement, ms (data sheets of the SHT4x, table 4, and the SHT3x, tables 4 and 9).
 */
interface Command {
    bytes: Buffer
    duration: number
}

/**
 * Driver for Sensirion's SHT4x and SHT3x: temperature and humidity over I2C, with high repeatability.
 * @devsWhenUsed
 */
export class ShtSource implements ReadingSource {
    private command: Command

    /** @param isSht3x the family, because commands and the formula for humidity differ */
    constructor(
        private address: number,
        private isSht3x: boolean,
    ) {
        this.command = isSht3x ? { bytes: hex`2400`, duration: 16 } : { bytes: hex`fd`, duration: 10 }
    }

    /** Throws I2CError if no sensor answers, and Error if the answer is damaged. */
    async read(): Promise<Reading[]> {
        await i2c.xfer(this.address, this.command.bytes)
        await ds.sleep(this.command.duration)
        const answer = await i2c.xfer(this.address, Buffer.alloc(0), 6)
        const temperature = word(answer, 0)
        const humidity = word(answer, 3)
        // Formulas: SHT4x, section 4.6; SHT3x, section 4.13.
        const relative = this.isSht3x ? (100 * humidity) / 65535 : (125 * humidity) / 65535 - 6
        return [
            { name: "temperature", unit: "Cel", value: rounded((175 * temperature) / 65535 - 45) },
            { name: "humidity", unit: "%RH", value: rounded(Math.min(100, Math.max(0, relative))) },
        ]
    }
}

function rounded(value: number): number {
    return Math.round(value * 100) / 100
}

/** Two bytes followed by a checksum: CRC-8 with polynomial 0x31 and initial value 0xff. */
function word(answer: Buffer, at: number): number {
    let sum = 0xff
    for (let i = at; i < at + 2; i++) {
        sum = sum ^ answer[i]
        for (let bit = 0; bit < 8; bit++) sum = (sum & 0x80) !== 0 ? ((sum << 1) ^ 0x31) & 0xff : sum << 1
    }
    if (sum !== answer[at + 2]) throw new Error("The sensor's answer is damaged: check cable and pull-ups")
    return answer[at] * 256 + answer[at + 1]
}
