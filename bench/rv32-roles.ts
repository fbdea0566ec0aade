/*
 * What a handshake takes in an image with one role only, as a sensor or a server has it, and the flash of the whole
 * program, by the budget for translated code. Its functions are chosen by a profile of the program itself. In
 * bench:rv32's other measurements one image has both roles, which share the budget, and Mote's own profile is used.
 */
import { readFileSync } from "node:fs"
import { cachedDeviceImage } from "../host/build/device.js"
import { type BoardProgram, buildBoard } from "../host/build/rv32.js"
import { recordProgram } from "../host/build/profiled-run.js"
import { nativesAsC, nativesIn } from "../host/config/program-natives.js"
import type { DebugFile } from "../host/image/ir/debug.js"
import { allFunctions, hotFunctions } from "../host/translate/choice.js"
import { translationFiles } from "../host/translate/files.js"
import type { Native } from "../host/simulator/native-call.js"
import type { Profile } from "../host/translate/profile.js"
import type { Choice } from "../host/translate/translate.js"
import { datagramsTo, HANDSHAKES, meanOf, type MoteProgram, type Role, runLayouts, withLengths } from "./rv32-run.js"

/** A client and a server in one program. */
export const BOTH_ROLES = "test/device/bench/handshakes.ts"

export const PROGRAM_OF: Record<Role, string> = {
    client: "test/device/bench/client-handshakes.ts",
    server: "test/device/bench/server-handshakes.ts",
}

/** In KB; 0: interpreted, "all": all functions are C. */
export type Budget = number | "all"

export const BUDGETS: Budget[] = [0, 32, 40, 48, 56, 64, "all"]

/** The default of boards, with limits in bench.spec. */
export const QUICK_BUDGETS: Budget[] = [64]

export interface RoleFigures {
    role: Role
    budget: Budget
    /** instructions of a PSK handshake */
    handshake: number
    /** bytes of everything but libc, with the image */
    flash: number
}

/** For both sides, so that what one of them sent in one program fits the other one in the next. */
const sameRandom = (length: number): Uint8Array => new Uint8Array(length).fill(1)

/** What a role's program does, as `mote profile` would record it. */
async function profileOf(role: Role): Promise<Profile> {
    const sent: Buffer[] = []
    const collect: Native = {
        name: "_benchDatagram",
        numArgs: 1,
        run: (call) => void sent.push(Buffer.from(call.buffer(0, "datagram"))),
    }
    const settings = { mode: "record", to: role }
    await recordProgram({}, BOTH_ROLES, { settings, natives: [collect], random: sameRandom })
    const profile: Profile = {}
    const datagrams = withLengths(sent)
    await recordProgram(profile, PROGRAM_OF[role], { settings: { mode: "speed", datagrams }, random: sameRandom })
    return profile
}

function choiceOf(budget: Budget, debug: DebugFile, profile: Profile): Choice {
    return budget === "all" ? allFunctions : hotFunctions(debug, profile, budget * 1024)
}

function flashOf({ flash }: BoardProgram, image: Buffer): number {
    const parts = Object.entries(flash).filter(([part]) => part !== "libc")
    return parts.reduce((sum, [, bytes]) => sum + bytes, image.length)
}

/** @param recorder a program with both roles */
export async function ofRoles(recorder: MoteProgram, budgets: Budget[]): Promise<RoleFigures[]> {
    const rows: RoleFigures[] = []
    for (const role of ["client", "server"] as const) {
        const datagrams = datagramsTo(role, recorder, {})
        const { path, debugPath } = cachedDeviceImage(PROGRAM_OF[role])
        const image = readFileSync(path)
        const debug = JSON.parse(readFileSync(debugPath, "utf8")) as DebugFile
        const profile = await profileOf(role)
        for (const budget of budgets) {
            const translations = budget === 0 ? [] : translationFiles([image], choiceOf(budget, debug, profile))
            const program = await buildBoard("bench/mote", [], undefined, translations, nativesAsC(nativesIn(image)))
            const speeds = runLayouts(program, path, { mode: "speed", datagrams })
            const handshake = meanOf(speeds, [`handshake_${role}`], HANDSHAKES)
            rows.push({ role, budget, handshake, flash: flashOf(program, image) })
        }
    }
    return rows
}

export function printRoles(
    rows: RoleFigures[],
    mbedtls: { psk_handshake_client: number; psk_handshake_server: number },
): void {
    console.log(
        "\nOne role in an image, by the budget for its C: instructions of a PSK handshake, flash without libc\n",
    )
    for (const { role, budget, handshake, flash } of rows) {
        const name = budget === 0 ? "interpreted" : budget === "all" ? "all" : `${budget} KB`
        const ratio = (handshake / mbedtls[`psk_handshake_${role}`]).toFixed(2)
        const columns = [String(handshake).padStart(10), ratio.padStart(7), String(flash).padStart(10)]
        console.log(`${`${role}, ${name}`.padEnd(24)}${columns.join("")}`)
    }
}
