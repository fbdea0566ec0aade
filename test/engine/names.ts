import { type Kit } from "../kit.js"
import { addressTests, applicationTests, engineTests, sessionTests } from "./all.js"

/** A program that runs a group of suites on a device, and the names of its tests. */
export interface SuiteProgram {
    /** file name in test/device/natives, with the device's cryptography, and if `fitsOfficial`, in test/device */
    file: string
    /**
     * the official machine can run it: its code fits into 64 KB, it pauses often enough, and its cryptography is
     * supported
     */
    fitsOfficial: boolean
    names: string[]
}

export const suitePrograms: SuiteProgram[] = [
    { file: "engine.ts", fitsOfficial: true, names: namesOf(engineTests) },
    { file: "addresses.ts", fitsOfficial: true, names: namesOf(addressTests) },
    { file: "sessions.ts", fitsOfficial: false, names: namesOf(sessionTests) },
    { file: "application.ts", fitsOfficial: true, names: namesOf(applicationTests) },
]

function namesOf(suites: (t: Kit) => void): string[] {
    const names: string[] = []
    const kit = {
        describe: (_name: string, body: () => void) => body(),
        test: (name: string) => names.push(name),
        equal: () => undefined,
    }
    suites(kit as unknown as Kit)
    return names
}
