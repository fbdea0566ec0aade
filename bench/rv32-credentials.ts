/*
 * What credentials cost on the emulated core, measured with test/device/bench/credentials.ts and
 * firmware/bench/anchor_full.c. Both use an mbedTLS that is built with curves and certificates.
 */
import { createPrivateKey, X509Certificate } from "node:crypto"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { cachedDeviceImage } from "../host/build/device.js"
import { type BoardProgram, buildBoard } from "../host/build/rv32.js"
import { root } from "../host/folders.js"
import { translationFiles } from "../host/translate/files.js"
import type { Choice } from "../host/translate/translate.js"
import { meanOf, RECORDS, type Run, run, runClient, runLayouts } from "./rv32-run.js"

export const CREDENTIALS_PROGRAM = "test/device/bench/credentials.ts"

/** As in test/device/bench/credentials.ts and firmware/bench/support.h. */
const RESUMPTIONS = 20
const WAKES = 50

/** The setting `credentials` of the measurements. */
export type CredentialKind = "psk" | "ecdhe-psk" | "raw-public-key" | "pinned-certificate" | "certificate"

/** Instructions, and bytes for `idle_cid`. */
export interface SessionFigures {
    /** ECDHE_ECDSA, the server's certificate pinned */
    ecdhe_handshake_client: number
    ecdhe_handshake_server: number
    /** abbreviated, by session id; the mean of 20 */
    resumed_handshake_client: number
    resumed_handshake_server: number
    /** restores a saved association, sends a record of 64 bytes in one datagram, and saves the association again */
    wake_send: number
    /** records of 64 bytes, to and from a server whose connection id has four bytes */
    record_cid_send_64: number
    record_cid_recv_64: number
    /** an idle client connection with connection ids, both heaps */
    idle_cid: number
}

/** A program for the emulated core and the image that it runs, if any. */
export interface Side {
    program: BoardProgram
    image: string | undefined
}

/** Mote. Without a choice of functions to translate, the program is interpreted. */
export async function moteSide(choose?: Choice): Promise<Side> {
    const image = cachedDeviceImage(CREDENTIALS_PROGRAM).path
    const translations = choose === undefined ? [] : translationFiles([readFileSync(image)], choose)
    return { program: await buildBoard("bench/mote_full", [], undefined, translations), image }
}

/** mbedTLS's own DTLS implementation. */
export async function anchorSide(): Promise<Side> {
    return { program: await buildBoard("bench/anchor_full"), image: undefined }
}

function file(name: string): Buffer {
    return readFileSync(join(root, "bench", "certificates", name))
}

function settingsOf(credentials: CredentialKind): Record<string, string> {
    const der = (name: string): string => new X509Certificate(file(name)).raw.toString("hex")
    const { d = "" } = createPrivateKey(file("server.key")).export({ format: "jwk" })
    return {
        credentials,
        // mbedTLS accepts a certificate as its own trust anchor only if it is self-signed.
        cert: der(credentials === "pinned-certificate" ? "self-signed.pem" : "server.pem"),
        ca: der("authority.pem"),
        key: Buffer.from(d, "base64url").toString("hex"),
    }
}

/** Records with connection ids. The layout of memory is varied for Mote only. */
function recordsWithIds({ program, image }: Side): Run[] {
    const settings = { ...settingsOf("psk"), mode: "records" }
    return image === undefined ? [run(program, image, settings)] : runLayouts(program, image, settings)
}

export function runWith({ program, image }: Side, credentials: CredentialKind, more: Record<string, string>): Run {
    return run(program, image, { ...settingsOf(credentials), ...more })
}

/** The memory of one connection. */
export function memoryWith(side: Side, credentials: CredentialKind, more: Record<string, string>): Run {
    const { program, image } = side
    if (image === undefined) return runWith(side, credentials, { mode: "client", ...more })
    const mote = { program, image }
    return runClient(mote, mote, { ...settingsOf(credentials), ...more })
}

/** Bytes of an idle connection in the arena and the native heap; the context is mbedTLS's. */
function idleBytes(side: Side, memory: Run): number {
    const beside = side.image === undefined ? memory.value("context") : memory.value("arena_idle")
    return memory.value("heap_natives_idle") + beside
}

export function sessionFigures(side: Side): SessionFigures {
    const pinned = runWith(side, "pinned-certificate", { mode: "speed" })
    const psk = runWith(side, "psk", { mode: "speed" })
    const records = recordsWithIds(side)
    return {
        ecdhe_handshake_client: pinned.value("handshake_client"),
        ecdhe_handshake_server: pinned.value("handshake_server"),
        resumed_handshake_client: meanOf([pinned], ["resumed_client"], RESUMPTIONS),
        resumed_handshake_server: meanOf([pinned], ["resumed_server"], RESUMPTIONS),
        wake_send: Math.round(psk.value("wake") / WAKES),
        record_cid_send_64: meanOf(records, ["send_client", "send_server"], RECORDS),
        record_cid_recv_64: meanOf(records, ["receive_client", "receive_server"], RECORDS),
        idle_cid: idleBytes(side, memoryWith(side, "psk", { ids: "1" })),
    }
}
