import { LogLevel } from "../../src/gio/log-level.js"
import { NodeStorage } from "../../src/platform/node/storage.js"
import { minusCode } from "./io-result.js"
import { type Native, type NativeCall } from "./machine.js"

export interface SystemOptions {
    /** what `_moteSetting` gives: host, port, identity, key, ... */
    settings: Record<string, string | undefined>
    storageFolder: string
    /** Unix seconds; default: the clock of this computer */
    wallClock?: () => number
    log(level: LogLevel, message: string): void
}

/** How the device starts and stops. */
export interface Power {
    reason(): string
    /** It is switched off and starts anew after `ms`. */
    deepSleep(ms: number): void
}

function storageName(call: NativeCall): string {
    const name = call.text(0, "name")
    if (!/^[A-Za-z0-9_-]{1,14}$/.test(name)) throw call.rangeError("name", "1 to 14 letters, digits, - or _")
    if (name.startsWith("mote-slot-")) throw call.rangeError("name", "none of the firmware's")
    return name
}

/** 0 when it was done. */
async function codeOf(done: Promise<void>): Promise<number> {
    try {
        await done
        return 0
    } catch (error) {
        return minusCode(error)
    }
}

/** Storage, clocks, settings and log of src/platform/runtime/natives.ts. */
export function systemNatives(options: SystemOptions, power: Power): Native[] {
    const storage = new NodeStorage(options.storageFolder)
    const wallClock = options.wallClock ?? ((): number => Date.now() / 1000)
    return [
        { name: "_moteStorageLoad", numArgs: 1, run: (call) => storage.load(storageName(call)) },
        {
            name: "_moteStorageSave",
            numArgs: 2,
            run: (call) => codeOf(storage.save(storageName(call), Buffer.from(call.buffer(1, "value")))),
        },
        {
            name: "_moteStorageRemove",
            numArgs: 1,
            run: (call) => codeOf(storage.remove(storageName(call))),
        },
        { name: "_moteWallClock", numArgs: 0, run: () => Math.floor(wallClock()) },
        { name: "_moteSetting", numArgs: 1, run: (call) => options.settings[call.text(0, "name")] },
        { name: "_moteRebootReason", numArgs: 0, run: () => power.reason() },
        {
            name: "_moteDeepSleep",
            numArgs: 1,
            run: (call) => {
                power.deepSleep(call.integer(0, "ms", 1, 0x7fffffff))
                return new Promise<undefined>(() => undefined) // nothing of this run goes on
            },
        },
        { name: "_moteFreeMemory", numArgs: 0, run: () => 0 },
        {
            name: "_moteLog",
            numArgs: 2,
            run: (call) => {
                const level = call.integer(0, "level", 0, LogLevel.error)
                options.log(level, call.text(1, "message"))
                return undefined
            },
        },
    ]
}
