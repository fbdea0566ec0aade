/*
 * npm run bench:credentials: what each kind of credentials costs a client, as in the table of docs/credentials.md.
 * Measures a handshake with a cookie on the emulated RV32IMC core, with the hot functions of the program translated to
 * C.
 */
import { readFileSync } from "node:fs"
import { cachedDeviceImage } from "../host/build/device.js"
import { buildBoard, missingForBoard } from "../host/build/rv32.js"
import type { DebugFile } from "../host/image/ir/debug.js"
import { hotFunctions, TRANSLATE_BUDGET } from "../host/translate/choice.js"
import { MOTE_PROFILE, readProfile } from "../host/translate/profile.js"
import {
    type CredentialKind,
    CREDENTIALS_PROGRAM,
    memoryWith,
    moteSide,
    runWith,
    type Side,
} from "./rv32-credentials.js"

const NAMES: Record<CredentialKind, string> = {
    psk: "pre-shared key",
    "ecdhe-psk": "pre-shared key with ECDHE",
    "raw-public-key": "raw public key, pinned",
    "pinned-certificate": "certificate, pinned",
    certificate: "certificate of an authority",
}

/** of an ESP32-C3, which executes at most one instruction per cycle: less where it waits for flash and memory */
const CLOCK_HZ = 160e6

const inMillions = (instructions: number): string => `${(instructions / 1e6).toFixed(1)} M`
const inMs = (instructions: number): string => `${((instructions / CLOCK_HZ) * 1000).toFixed(0)} ms`
const inBytes = (bytes: number): string => String(bytes).replace(/\B(?=(\d{3})+$)/g, " ")

function row(side: Side, kind: CredentialKind): string {
    const speed = runWith(side, kind, { mode: "speed" })
    const memory = memoryWith(side, kind, {})
    const client = speed.value("handshake_client")
    const ram = memory.value("arena_peak") + memory.value("heap_natives_peak") + speed.value("stack")
    const idle = memory.value("arena_idle") + memory.value("heap_natives_idle")
    const cells = [
        NAMES[kind],
        `${inBytes(speed.value("wire_bytes"))} in ${speed.value("wire_datagrams")}`,
        `${inBytes(speed.value("resumed_wire_bytes"))} in ${speed.value("resumed_wire_datagrams")}`,
        `${inMillions(client)}, ${inMs(client)}`,
        inMillions(speed.value("handshake_server")),
        inBytes(ram),
        inBytes(idle),
    ]
    return `| ${cells.join(" | ")} |`
}

const missing = missingForBoard()
if (missing !== undefined) {
    console.error(`bench:credentials needs the emulated board: ${missing}`)
    process.exit(1)
}
const debug = JSON.parse(readFileSync(cachedDeviceImage(CREDENTIALS_PROGRAM).debugPath, "utf8")) as DebugFile
const side = await moteSide(hotFunctions(debug, readProfile(MOTE_PROFILE), TRANSLATE_BUDGET * 1024))
const header = [
    ...["server shows", "bytes on the air in datagrams", "resumed", "client, instructions", "server"],
    ...["client's RAM, peak", "idle"],
]
console.log(`| ${header.join(" | ")} |\n|${header.map(() => "---").join("|")}|`)
for (const kind of Object.keys(NAMES) as CredentialKind[]) console.log(row(side, kind))
const plain = await buildBoard("bench/mote")
const withCurves = side.program.flash["mbedtls"] + side.program.flash["natives"]
const without = plain.flash["mbedtls"] + plain.flash["natives"]
console.log(
    `\nmbedTLS and natives in flash: ${inBytes(without)} bytes without curves, ${inBytes(withCurves)} with them`,
)
process.exit()
