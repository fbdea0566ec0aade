/*
 * What a handshake takes in an image with one role only, as a sensor or a server has it, and the flash of the whole
 * program, by the budget for translated code. In bench:rv32's other measurements one image has both roles, which then
 * share the budget.
 */
import { readFileSync } from "node:fs"
import { cachedDeviceImage } from "../host/build/device.js"
import { type BoardProgram, buildBoard } from "../host/build/rv32.js"
import type { DebugFile } from "../host/image/ir/debug.js"
import { allFunctions, hotFunctions } from "../host/translate/choice.js"
import { translationFiles } from "../host/translate/files.js"
import { MOTE_PROFILE, readProfile } from "../host/translate/profile.js"
import type { Choice } from "../host/translate/translate.js"
import { datagramsTo, HANDSHAKES, meanOf, type MoteProgram, type Role, runLayouts } from "./rv32-run.js"

export const PROGRAM_OF: Record<Role, string> = {
    client: "test/device/bench/client.ts",
    server: "test/device/bench/server.ts",
}

/** In KB; 0: interpreted, "all": all functions are C. */
export type Budget = number | "all"

export const BUDGETS: Record<Role, Budget[]> = {
    client: [0, 32, 40, 48, 52, 56, 64, "all"],
    server: [0, 32, 40, 48, 56, 64, 80, "all"],
}

/** Those with aims: the largest client within 200 KB of flash, and the default of boards. */
export const QUICK_BUDGETS: Record<Role, Budget[]> = { client: [52, 64], server: [64] }

export interface RoleFigures {
    role: Role
    budget: Budget
    /** instructions of a PSK handshake */
    handshake: number
    /** bytes of everything but libc, with the image */
    flash: number
}

/** The functions of a program that Mote's own profile calls hot. @param budget KB */
export function hotWithin(budget: number, path: string): Choice {
    const debug = JSON.parse(readFileSync(cachedDeviceImage(path).debugPath, "utf8")) as DebugFile
    return hotFunctions(debug, readProfile(MOTE_PROFILE), budget * 1024)
}

function built(path: string, image: Buffer, budget: Budget): Promise<BoardProgram> {
    if (budget === 0) return buildBoard("bench/mote")
    const choose = budget === "all" ? allFunctions : hotWithin(budget, path)
    return buildBoard("bench/mote", [], undefined, translationFiles([image], choose))
}

function flashOf({ flash }: BoardProgram, image: Buffer): number {
    const parts = Object.entries(flash).filter(([part]) => part !== "libc")
    return parts.reduce((sum, [, bytes]) => sum + bytes, image.length)
}

/** @param recorder a program with both roles */
export async function ofRoles(recorder: MoteProgram, budgets: Record<Role, Budget[]>): Promise<RoleFigures[]> {
    const rows: RoleFigures[] = []
    for (const role of ["client", "server"] as const) {
        const datagrams = datagramsTo(role, recorder, {})
        const { path } = cachedDeviceImage(PROGRAM_OF[role])
        const image = readFileSync(path)
        for (const budget of budgets[role]) {
            const program = await built(PROGRAM_OF[role], image, budget)
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
