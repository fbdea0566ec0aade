import { IOErrorEnum } from "../../src/gio/errors.js"
import { LogLevel } from "../../src/gio/log-level.js"
import { NodeStorage } from "../../src/platform/node/storage.js"
import { minusCode } from "./io-result.js"
import { type NativeCall } from "./native-call.js"
import { type NativesNamed } from "./natives.js"

export interface SystemOptions {
    /** the values of `_moteSetting`: host, port, identity, key, ... */
    settings: Record<string, string | undefined>
    storageFolder: string
    /** Unix seconds; default: the clock of this computer */
    wallClock?: () => number
    log(level: LogLevel, message: string): void
}

/** Start and stop of the device. */
export interface Power {
    reason(): string
    /** Switches the device off; it restarts after `ms`. */
    deepSleep(ms: number): void
}

const NO_SLOTS = -IOErrorEnum.NOT_SUPPORTED

function storageName(call: NativeCall): string {
    const name = call.text(0, "name")
    if (!/^[A-Za-z0-9_-]{1,14}$/.test(name)) throw call.rangeError("name", "1 to 14 letters, digits, - or _")
    if (name.startsWith("mote-slot-")) throw call.rangeError("name", "none of the firmware's")
    return name
}

/** The native's result; 0 on success. */
async function codeOf(done: Promise<void>): Promise<number> {
    try {
        await done
        return 0
    } catch (error) {
        return minusCode(error)
    }
}

/** Storage, clocks, settings and log of src/platform/runtime/natives.ts. */
export function systemNatives(
    options: SystemOptions,
    power: Power,
): NativesNamed<
    | "_moteStorage"
    | "_moteWallClock"
    | "_moteSetting"
    | "_moteRebootReason"
    | "_moteDeepSleep"
    | "_moteFreeMemory"
    | "_moteProgram"
    | "_moteUpdate"
    | "_moteLog"
> {
    const storage = new NodeStorage(options.storageFolder)
    const wallClock = options.wallClock ?? ((): number => Date.now() / 1000)
    return {
        _moteStorageLoad: (call) => storage.load(storageName(call)),
        _moteStorageSave: (call) => codeOf(storage.save(storageName(call), Buffer.from(call.buffer(1, "value")))),
        _moteStorageRemove: (call) => codeOf(storage.remove(storageName(call))),
        _moteWallClock: () => Math.floor(wallClock()),
        _moteSetting: (call) => options.settings[call.text(0, "name")],
        _moteRebootReason: () => power.reason(),
        _moteDeepSleep: (call) => {
            power.deepSleep(call.integer(0, "ms", 1, 0x7fffffff))
            return new Promise<undefined>(() => undefined) // never resolves, so that this run does not continue
        },
        _moteFreeMemory: () => 0,
        // A simulated program is not in a slot.
        _moteProgramNumber: () => 0,
        _moteProgramIsOnTrial: () => false,
        _moteProgramConfirm: () => undefined,
        _moteUpdateRoom: () => 0,
        _moteUpdateErase: () => NO_SLOTS,
        _moteUpdateWritten: () => -1,
        _moteUpdateWrite: () => NO_SLOTS,
        _moteUpdateRead: () => NO_SLOTS,
        _moteUpdateFinish: () => NO_SLOTS,
        _moteLog: (call) => {
            const level = call.integer(0, "level", 0, LogLevel.error)
            options.log(level, call.text(1, "message"))
            return undefined
        },
    }
}
