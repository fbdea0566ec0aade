import { Word } from "../abi/abi.js"
import { type NativeCall } from "./machine.js"
import { type NativesNamed } from "./natives.js"

/** Of the simulated Sensirion SHT4x, as firmware/natives/simulated_sht4x.c has it. */
const ADDRESS = 0x44
const MEASURE = [0xfd, 0xf6, 0xe0]
const ANSWER_LENGTH = 6

/** I2CStatus of DeviceScript. */
enum Status {
    ok = 0,
    noAckAddress = 1,
    noAckData = 2,
}

/** CRC-8 of Sensirion: polynomial 0x31, starts with 0xff. */
function checksum(bytes: Uint8Array): number {
    let sum = 0xff
    for (const byte of bytes) {
        sum ^= byte
        for (let bit = 0; bit < 8; bit++) sum = (sum & 0x80) !== 0 ? ((sum << 1) ^ 0x31) & 0xff : sum << 1
    }
    return sum
}

/** The I2C bus of a simulated device: a temperature and humidity sensor in a climate that wanders. */
class SimulatedBus {
    private temperature = 24341 // 20 degrees
    private humidity = 27525 // 46.5 %
    private measured = false

    transfer(address: number, bytes: Uint8Array, target: Uint8Array | undefined): Status {
        if (address !== ADDRESS) return Status.noAckAddress
        if (bytes.length === 1) this.measured = MEASURE.includes(bytes[0])
        if (target === undefined) return this.measured ? Status.ok : Status.noAckData
        if (!this.measured || target.length !== ANSWER_LENGTH) return Status.noAckData
        this.measured = false
        const step = (): number => Math.floor(Math.random() * 256) - 128
        this.temperature = (this.temperature + step()) & 0xffff
        this.humidity = (this.humidity + step()) & 0xffff
        this.put(target, 0, this.temperature)
        this.put(target, 3, this.humidity)
        return Status.ok
    }

    private put(target: Uint8Array, at: number, value: number): void {
        target.set([value >> 8, value & 0xff], at)
        target[at + 2] = checksum(target.subarray(at, at + 2))
    }
}

/** `_i2cTransaction`, which @devicescript/i2c calls. */
export function i2cNatives(): NativesNamed<"_i2c"> {
    const bus = new SimulatedBus()
    const transfer = (call: NativeCall): number => {
        const address = call.integer(0, "addr", 0, 127)
        const bytes = call.buffer(1, "wrbuf")
        const target = call.args[2] === Word.UNDEFINED ? undefined : call.target(2, "rdbuf")
        return bus.transfer(address, bytes, target)
    }
    return {
        _i2cTransaction: transfer,
    }
}
