import { Word } from "../abi/abi.js"
import { type NativeCall } from "./native-call.js"
import { type NativesNamed } from "./natives.js"

/** Address of the simulated devices' Sensirion SHT4x, as in firmware/natives/simulated_sht4x.c. */
const SHT4X_ADDRESS = 0x44
const MEASURE = [0xfd, 0xf6, 0xe0]

/** I2CStatus of DeviceScript. */
enum Status {
    ok = 0,
    noAckAddress = 1,
    noAckData = 2,
}

/** A device on a simulated I2C bus. */
export interface I2cPeripheral {
    /** Takes bytes that the program writes; none in a mere probe. @returns whether they are acknowledged */
    write(bytes: Uint8Array): boolean
    /** @returns exactly `length` bytes; undefined: not acknowledged */
    read(length: number): Uint8Array | undefined
}

/** Sensirion's CRC-8: polynomial 0x31, initial value 0xff. */
function checksum(bytes: Uint8Array): number {
    let sum = 0xff
    for (const byte of bytes) {
        sum ^= byte
        for (let bit = 0; bit < 8; bit++) sum = (sum & 0x80) !== 0 ? ((sum << 1) ^ 0x31) & 0xff : sum << 1
    }
    return sum
}

/** A 16-bit value that changes a little with each measurement, until it is set. */
class Wandering {
    private steady = false

    constructor(private raw: number) {}

    set(raw: number): void {
        this.raw = Math.min(0xffff, Math.max(0, Math.round(raw)))
        this.steady = true
    }

    /** Two bytes and their checksum. */
    next(): number[] {
        if (!this.steady) this.raw = (this.raw + Math.floor(Math.random() * 256) - 128) & 0xffff
        const bytes = [this.raw >> 8, this.raw & 0xff]
        return [...bytes, checksum(Uint8Array.from(bytes))]
    }
}

/** Sensirion's SHT4x: temperature and humidity, in a climate that changes slowly until it is set. */
export class SimulatedSht4x implements I2cPeripheral {
    private temperature = new Wandering(24341) // 20 degrees
    private humidity = new Wandering(27525) // 46.5 %
    private measured = false

    /** Fixes the measured values from now on (data sheet, section 4.6). @param temperature °C @param humidity % */
    setClimate(temperature: number, humidity: number): void {
        this.temperature.set(((temperature + 45) / 175) * 0xffff)
        this.humidity.set(((humidity + 6) / 125) * 0xffff)
    }

    write(bytes: Uint8Array): boolean {
        if (bytes.length === 1) this.measured = MEASURE.includes(bytes[0])
        return this.measured
    }

    read(length: number): Uint8Array | undefined {
        if (!this.measured || length !== 6) return undefined
        this.measured = false
        return Uint8Array.from([...this.temperature.next(), ...this.humidity.next()])
    }
}

/** The I2C bus of a simulated device. */
export class I2cBus {
    private peripherals = new Map<number, I2cPeripheral>()
    /** present in every simulated device, at 0x44 */
    readonly sht4x = new SimulatedSht4x()

    constructor() {
        this.attach(SHT4X_ADDRESS, this.sht4x)
    }

    /** @param address 7 bits; replaces the device at that address */
    attach(address: number, peripheral: I2cPeripheral): void {
        this.peripherals.set(address, peripheral)
    }

    /** Removes the device at this address. */
    detach(address: number): void {
        this.peripherals.delete(address)
    }

    transfer(address: number, bytes: Uint8Array, target: Uint8Array | undefined): Status {
        const peripheral = this.peripherals.get(address)
        if (peripheral === undefined) return Status.noAckAddress
        const writes = bytes.length > 0 || target === undefined
        if (writes && !peripheral.write(bytes)) return Status.noAckData
        if (target === undefined) return Status.ok
        const answer = peripheral.read(target.length)
        if (answer?.length !== target.length) return Status.noAckData
        target.set(answer)
        return Status.ok
    }
}

/** `_i2cTransaction`, used by @devicescript/i2c. */
export function i2cNatives(bus: I2cBus): NativesNamed<"_i2c"> {
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
