import { type NativeCall, NativeError } from "./native-call.js"
import { type NativesNamed } from "./natives.js"

/** GPIOCapabilities and GPIOMode of DeviceScript. */
const Can = { pullUp: 1, pullDown: 2, input: 4, output: 8, analog: 16 }
const Mode = { input: 1, output: 2, analogIn: 3, base: 0x0f, inputPullUp: 0x11, outputHigh: 0x12 }

const PINS = 64
/** The pins of an ESP32-C3, as in firmware/natives/simulated_pins.c: some are used by the flash, five are analog. */
const LAST_PIN = 21
const FLASH_PINS = [12, 13, 14, 15, 16, 17]
const ANALOG_PINS = 5
const FULL_SCALE = 65535

/** The capability that a pin needs for each mode. */
const NEEDS = new Map([
    [0x00, Can.input],
    [0x10, Can.input | Can.pullUp],
    [0x20, Can.input | Can.pullDown],
    [0x01, Can.input],
    [0x11, Can.input | Can.pullUp],
    [0x21, Can.input | Can.pullDown],
    [0x02, Can.output],
    [0x12, Can.output],
    [0x22, Can.output],
    [0x03, Can.analog],
])

function capabilities(pin: number): number {
    if (pin > LAST_PIN || FLASH_PINS.includes(pin)) return 0
    const digital = Can.pullUp | Can.pullDown | Can.input | Can.output
    return pin < ANALOG_PINS ? digital | Can.analog : digital
}

/** The pins of a simulated device; inputs read the settings `pin-0` to `pin-21`, 0 to 1. */
class SimulatedPins {
    private readonly modes = new Map<number, number>()
    private readonly levels = new Map<number, boolean>()

    constructor(private readonly settings: Record<string, string | undefined>) {}

    mode(pin: number): number {
        return this.modes.get(pin) ?? 0
    }

    setMode(pin: number, mode: number): void {
        const needs = NEEDS.get(mode)
        if (needs === undefined) throw new NativeError("RangeError", "_moteGpioSetMode: mode must be a GPIOMode")
        if ((capabilities(pin) & needs) !== needs)
            throw new NativeError("RangeError", "_moteGpioSetMode: mode must be one that this pin has")
        this.modes.set(pin, mode)
        if (mode === Mode.output) return
        const isOutput = (mode & Mode.base) === Mode.output
        const pulled = mode === Mode.inputPullUp ? 1 : 0
        this.levels.set(pin, isOutput ? mode === Mode.outputHigh : this.outside(pin, pulled) >= 0.5)
    }

    /** Undefined while the pin is off. */
    value(pin: number): number | undefined {
        const base = this.mode(pin) & Mode.base
        if (base === Mode.analogIn) return Math.floor(this.outside(pin, 0) * FULL_SCALE + 0.5) / FULL_SCALE
        if (base !== Mode.input && base !== Mode.output) return undefined
        return this.levels.get(pin) === true ? 1 : 0
    }

    private outside(pin: number, fallback: number): number {
        const text = Object.hasOwn(this.settings, `pin-${pin}`) ? this.settings[`pin-${pin}`] : undefined
        const level = text === undefined ? fallback : Number.parseFloat(text)
        return Math.min(1, Math.max(0, Number.isNaN(level) ? 0 : level))
    }
}

/** Natives that the machine's GPIO.prototype calls (firmware/vm/pins.c). */
export function pinNatives(settings: Record<string, string | undefined>): NativesNamed<"_moteGpio"> {
    const pins = new SimulatedPins(settings)
    const pin = (call: NativeCall): number => call.integer(0, "pin", 0, PINS - 1)
    return {
        _moteGpioCapabilities: (call) => capabilities(call.integer(0, "pin", 0, 255)),
        _moteGpioMode: (call) => pins.mode(pin(call)),
        _moteGpioSetMode: (call) => pins.setMode(pin(call), call.integer(1, "mode", 0, 255)) as undefined,
        _moteGpioValue: (call) => pins.value(pin(call)),
    }
}
