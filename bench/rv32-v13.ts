/*
 * What DTLS 1.3 costs on the emulated core compared with our own DTLS 1.2 (test/device/bench/handshakes-v13.ts). The
 * mbedTLS of the anchor does not have DTLS 1.3.
 */
import { readFileSync } from "node:fs"
import { cachedDeviceImage } from "../host/build/device.js"
import { buildBoard } from "../host/build/rv32.js"
import { translationFiles } from "../host/translate/files.js"
import type { Choice } from "../host/translate/translate.js"
import { HANDSHAKES, meanOf, RECORDS, run, runClient, runLayouts } from "./rv32-run.js"

const PROGRAM = "test/device/bench/handshakes-v13.ts"
const RECORDS_PROGRAM = "test/device/bench/records-v13.ts"

/** Which functions to translate to C, by the program's path. */
export type ChoiceByProgram = (path: string) => Choice

/** Instructions, and bytes for `idle13`. */
export interface FiguresV13 {
    /** psk_ke */
    handshake13_client: number
    handshake13_server: number
    /** psk_dhe_ke with P-256 */
    handshake13_dhe_client: number
    handshake13_dhe_server: number
    record13_send_64: number
    record13_recv_64: number
    /** to and from a server whose connection id has four bytes */
    record13_cid_send_64: number
    record13_cid_recv_64: number
    /** an idle client connection, both heaps */
    idle13: number
}

interface Built {
    image: string
    translations: ReturnType<typeof translationFiles>
}

function built(path: string, choose: ChoiceByProgram | undefined): Built {
    const image = cachedDeviceImage(path).path
    const translations = choose === undefined ? [] : translationFiles([readFileSync(image)], choose(path))
    return { image, translations }
}

/** @param choose functions to translate to C; undefined: none */
export async function ofV13(choose?: ChoiceByProgram): Promise<FiguresV13> {
    const { image, translations } = built(PROGRAM, choose)
    const withIds = built(RECORDS_PROGRAM, choose)
    const psk = await buildBoard("bench/mote", [], undefined, translations)
    const full = await buildBoard("bench/mote_full", [], undefined, translations)
    const identified = await buildBoard("bench/mote", [], undefined, withIds.translations)
    const speed = runLayouts(psk, image, { mode: "speed" })
    const agreeing = [run(full, image, { mode: "speed", agrees: "1" })]
    const records = runLayouts(identified, withIds.image, { mode: "speed" })
    const memory = runClient({ program: psk, image }, { program: psk, image }, {})
    return {
        handshake13_client: meanOf(speed, ["handshake_client"], HANDSHAKES),
        handshake13_server: meanOf(speed, ["handshake_server"], HANDSHAKES),
        handshake13_dhe_client: meanOf(agreeing, ["handshake_client"], HANDSHAKES),
        handshake13_dhe_server: meanOf(agreeing, ["handshake_server"], HANDSHAKES),
        record13_send_64: meanOf(speed, ["send_client", "send_server"], RECORDS),
        record13_recv_64: meanOf(speed, ["receive_client", "receive_server"], RECORDS),
        record13_cid_send_64: meanOf(records, ["send_client", "send_server"], RECORDS),
        record13_cid_recv_64: meanOf(records, ["receive_client", "receive_server"], RECORDS),
        idle13: memory.value("arena_idle") + memory.value("heap_natives_idle"),
    }
}

/** The figure of DTLS 1.2 that each figure of DTLS 1.3 is compared with. */
const BESIDE = {
    handshake13_client: "psk_handshake_client",
    handshake13_server: "psk_handshake_server",
    handshake13_dhe_client: "ecdhe_handshake_client",
    handshake13_dhe_server: "ecdhe_handshake_server",
    record13_send_64: "record_send_64",
    record13_recv_64: "record_recv_64",
    record13_cid_send_64: "record_cid_send_64",
    record13_cid_recv_64: "record_cid_recv_64",
}

/** Sums of sending and receiving a record. */
const BOTH = { "record13, both": "", "record13_cid, both": "cid_" }

export function printV13(figures: object): void {
    const all = figures as Record<string, number | undefined>
    console.log("\n                               1.3        1.2   ratio")
    const print = (name: string, newer: number | undefined, older: number | undefined): void => {
        if (newer === undefined || older === undefined) return
        const ratio = (newer / older).toFixed(2).padStart(7)
        console.log(`${name.padEnd(24)} ${String(newer).padStart(10)} ${String(older).padStart(10)} ${ratio}`)
    }
    for (const [name, beside] of Object.entries(BESIDE)) print(name, all[name], all[beside])
    for (const [title, ids] of Object.entries(BOTH)) {
        const sum = (version: string): number | undefined => {
            const [sent, received] = ["send", "recv"].map((way) => all[`${version}_${ids}${way}_64`])
            return sent === undefined || received === undefined ? undefined : sent + received
        }
        print(title, sum("record13"), sum("record"))
    }
    print("idle13, both heaps", all["idle13"], (all["arena_idle"] ?? 0) + (all["heap_natives_idle"] ?? 0))
}
