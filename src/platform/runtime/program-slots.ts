import * as ds from "@devicescript/core"
import { type ProgramSlots } from "../../update/program-slots.js"
import { resultError } from "./io-result.js"
import "./natives.js"

function check(result: number): void {
    if (result < 0) throw resultError(result, "The slot for programs cannot be written: error " + -result)
}

/**
 * The program slots in this device's flash.
 * @devsWhenUsed
 */
export class RuntimeProgramSlots implements ProgramSlots {
    running(): number {
        return ds._moteProgramNumber(0)
    }

    other(): number {
        return ds._moteProgramNumber(1)
    }

    isOnTrial(): boolean {
        return ds._moteProgramIsOnTrial()
    }

    confirm(): void {
        ds._moteProgramConfirm()
    }

    room(): number {
        return ds._moteUpdateRoom()
    }

    async erase(length: number): Promise<void> {
        check(ds._moteUpdateErase(length))
    }

    written(): number {
        return ds._moteUpdateWritten()
    }

    async write(offset: number, bytes: Buffer): Promise<void> {
        check(ds._moteUpdateWrite(offset, bytes))
    }

    read(offset: number, target: Buffer): void {
        check(ds._moteUpdateRead(offset, target))
    }

    async finish(length: number, number: number): Promise<void> {
        check(ds._moteUpdateFinish(length, number))
    }
}
