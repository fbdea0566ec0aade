/*
 * npm run bench:rv32: instructions and memory on the emulated RV32IMC core, of Mote and of mbedTLS's own DTLS. The core
 * itself counts everything, so a second run gives the same figures.
 */
import { readFileSync, statSync } from "node:fs"
import { cachedDeviceImage } from "../host/build/device.js"
import { type BoardProgram, buildBoard, missingForBoard } from "../host/build/rv32.js"
import { nativesAsC, nativesIn } from "../host/config/program-natives.js"
import type { DebugFile } from "../host/image/ir/debug.js"
import { allFunctions, hotFunctions, TRANSLATE_BUDGET } from "../host/translate/choice.js"
import { translationFiles } from "../host/translate/files.js"
import { MOTE_PROFILE, readProfile } from "../host/translate/profile.js"
import type { Choice } from "../host/translate/translate.js"
import { anchorSide, CREDENTIALS_PROGRAM, moteSide, type SessionFigures, sessionFigures } from "./rv32-credentials.js"
import { benchOptions, JSON_OPTION } from "./options.js"
import { isOfProgram, profile, type ProfileRow } from "./rv32-profile.js"
import { command, HANDSHAKES, meanOf, RECORDS, type Run, run, runClient, runLayouts } from "./rv32-run.js"
import { ramOfMbedtls, ramOfMote, totalOf } from "./rv32-ram.js"
import { BOTH_ROLES, BUDGETS, ofRoles, printRoles, QUICK_BUDGETS } from "./rv32-roles.js"
import { type ChoiceByProgram, ofV13, printV13, type FiguresV13 } from "./rv32-v13.js"

const PROGRAM = BOTH_ROLES
/** Contains no server, so that its memory is a client's alone. */
const CLIENT_PROGRAM = "test/device/bench/client.ts"

interface Figures extends Partial<SessionFigures>, Partial<FiguresV13> {
    psk_handshake_client: number
    psk_handshake_server: number
    record_send_64: number
    record_recv_64: number
    arena_peak: number
    arena_idle: number
    heap_natives_peak: number
    heap_natives_idle: number
    stack: number
    ram_first_connection: number
    gc_pause_max: number
    wire_bytes: number
    wire_datagrams: number
    flash: Record<string, number>
    /** the RAM of the first connection, broken down */
    ram: Record<string, number>
}

const IMAGE = cachedDeviceImage(PROGRAM).path

function perCall(
    speeds: Run[],
): Pick<Figures, "psk_handshake_client" | "psk_handshake_server" | "record_send_64" | "record_recv_64"> {
    const mean = (names: string[], count: number): number => meanOf(speeds, names, count)
    return {
        psk_handshake_client: mean(["handshake_client"], HANDSHAKES),
        psk_handshake_server: mean(["handshake_server"], HANDSHAKES),
        record_send_64: mean(["send_client", "send_server"], RECORDS),
        record_recv_64: mean(["receive_client", "receive_server"], RECORDS),
    }
}

const inLayouts = (program: BoardProgram): Run[] => runLayouts(program, IMAGE, { mode: "speed" })

/** @param choose functions as C; undefined: none */
async function moteFigures(program: BoardProgram, speeds: Run[], choose?: ChoiceByProgram): Promise<Figures> {
    const [speed] = speeds
    const clientProgram = {
        program: await built(CLIENT_PROGRAM, choose),
        image: cachedDeviceImage(CLIENT_PROGRAM).path,
    }
    const client = runClient({ program, image: IMAGE }, clientProgram, {})
    const ram = ramOfMote(clientProgram.program, speed, client)
    return {
        ...perCall(speeds),
        arena_peak: client.value("arena_peak"),
        arena_idle: client.value("arena_idle"),
        heap_natives_peak: client.value("heap_natives_peak"),
        heap_natives_idle: client.value("heap_natives_idle"),
        stack: speed.value("stack"),
        ram_first_connection: totalOf(ram),
        gc_pause_max: Math.max(...speeds.map((run) => run.value("gc_pause_max"))),
        wire_bytes: speed.value("wire_bytes"),
        wire_datagrams: speed.value("wire_datagrams"),
        flash: { ...program.flash, image: statSync(cachedDeviceImage(PROGRAM).path).size },
        ram,
    }
}

function mbedtlsFigures(program: BoardProgram, anchor: Run): Figures {
    const context = anchor.value("context")
    const peak = anchor.value("heap_natives_peak") + context
    const ram = ramOfMbedtls(program, anchor)
    return {
        ...perCall([anchor]),
        arena_peak: 0,
        arena_idle: 0,
        heap_natives_peak: peak,
        heap_natives_idle: anchor.value("heap_natives_idle") + context,
        stack: anchor.value("stack"),
        ram_first_connection: totalOf(ram),
        gc_pause_max: 0,
        wire_bytes: anchor.value("wire_bytes"),
        wire_datagrams: anchor.value("wire_datagrams"),
        flash: program.flash,
        ram,
    }
}

/** Prints how many instructions natives and bytecode take in each kind of measurement. */
function printShares(speed: Run): void {
    console.log("\nInstructions in natives and in bytecode (collections included)")
    const counts = {
        handshake_client: HANDSHAKES,
        handshake_server: HANDSHAKES,
        send_client: RECORDS,
        receive_client: RECORDS,
    }
    for (const [name, count] of Object.entries(counts)) {
        const natives = speed.value(`natives_${name}`) / count
        const all = speed.value(name) / count
        console.log(`  ${name.padEnd(18)} ${thousands(natives)} natives, ${thousands(all - natives)} bytecode`)
    }
}

const thousands = (number: number): string => `${(number / 1000).toFixed(1)} k`.padStart(10)

function printNatives(speed: Run): void {
    console.log("\nThe most expensive natives")
    const lines = [...speed.output.matchAll(/^native: (\w+) calls (\d+) instructions (\d+)$/gm)]
    const natives = lines.map(([, name, calls, instructions]) => ({ name, calls: +calls, instructions: +instructions }))
    natives.sort((a, b) => b.instructions - a.instructions)
    for (const { name, calls, instructions } of natives.slice(0, 10))
        console.log(`  ${name.padEnd(18)} ${thousands(instructions / calls)} a call, ${calls} calls`)
}

/** @param count of handshakes (both sides) or records (each way) that the rows cover */
function printProfile(rows: ProfileRow[], of: string, count: number): void {
    const { functions } = JSON.parse(readFileSync(cachedDeviceImage(PROGRAM).debugPath, "utf8")) as {
        functions: { name: string }[]
    }
    const total = rows.reduce((sum, { self }) => sum + self, 0)
    const print = (title: string, all: ProfileRow[], cost: (row: ProfileRow) => number): void => {
        console.log(`\n${title}`)
        for (const row of all.sort((a, b) => cost(b) - cost(a)).slice(0, 10)) {
            const name = isOfProgram(row) ? (functions[Number(row.name.slice(1))]?.name ?? row.name) : row.name
            const share = ((100 * cost(row)) / total).toFixed(1).padStart(5)
            const calls = (row.calls / count).toFixed(0).padStart(5)
            console.log(`  ${name.padEnd(32)} ${thousands(cost(row) / count)} ${share} % ${calls} calls`)
        }
    }
    print(`The most expensive functions in C, ${of}`, [...rows], ({ self }) => self)
    print(
        `The most expensive functions of the program, with the machine and natives, ${of}`,
        rows.filter(isOfProgram),
        (row) => row.with,
    )
}

function printParts(title: string, parts: Record<string, number>): void {
    const taken = Object.entries(parts).filter(([, bytes]) => bytes > 0)
    console.log(`${title}: ${taken.map(([part, bytes]) => `${part} ${bytes}`).join(", ")}`)
}

function printTable(mote: Figures, mbedtls: Figures): void {
    console.log(`${"".padEnd(24)} ${"Mote".padStart(10)} ${"mbedTLS".padStart(10)}   ratio`)
    const print = (name: string, ours: number, theirs: number): void => {
        const ratio = theirs === 0 ? "" : (ours / theirs).toFixed(2).padStart(7)
        console.log(`${name.padEnd(24)} ${String(ours).padStart(10)} ${String(theirs).padStart(10)} ${ratio}`)
    }
    for (const [name, ours] of Object.entries(mote))
        if (typeof ours === "number" && !name.includes("13"))
            print(name, ours, mbedtls[name as keyof Figures] as number)
    const idle = (of: Figures): number => of.arena_idle + of.heap_natives_idle
    print("idle, both heaps", idle(mote), idle(mbedtls))
    for (const [name, { flash, ram }] of Object.entries({ Mote: mote, mbedTLS: mbedtls })) {
        printParts(`flash of ${name}`, flash)
        printParts(`RAM of the first connection of ${name}`, ram)
    }
    printV13(mote)
}

const missing = missingForBoard()
if (missing !== undefined) {
    console.error(`bench:rv32 needs the emulated board: ${missing}`)
    process.exit(1)
}
/**
 * Builds Mote for a program with pre-shared keys, with the natives of that program ("natives": "program").
 * @param choose functions to translate to C; undefined: none
 */
function built(path: string, choose?: ChoiceByProgram): Promise<BoardProgram> {
    const image = readFileSync(cachedDeviceImage(path).path)
    const translations = choose === undefined ? [] : translationFiles([image], choose(path))
    return buildBoard("bench/mote", [], undefined, translations, nativesAsC(nativesIn(image)))
}

/** Adds the figures of DTLS 1.3. @param choose functions to translate to C; undefined: none */
async function withV13(figures: Figures, choose?: ChoiceByProgram): Promise<Figures> {
    return { ...figures, ...(await ofV13(choose)) }
}

/** The functions of a program that Mote's own profile calls hot. */
function hotIn(path: string): Choice {
    const debug = JSON.parse(readFileSync(cachedDeviceImage(path).debugPath, "utf8")) as DebugFile
    return hotFunctions(debug, readProfile(MOTE_PROFILE), TRANSLATE_BUDGET * 1024)
}

/**
 * Measuring sessions with translated functions, and DTLS 1.3 with all functions translated, takes a minute more to
 * compile.
 */
const { quick = false, json } = benchOptions<{ quick?: boolean; json?: boolean }>(
    "bench:rv32",
    "handshakes and records of Mote and of mbedTLS on the emulated RV32IMC core",
    [["--quick", "without sessions, and all functions of DTLS 1.3, as C: a minute less"], JSON_OPTION],
)

/**
 * Adds handshakes with certificates, resumption, and wakes. @param choose functions to translate to C; undefined: none
 */
async function withSessions(figures: Figures, choose?: Choice): Promise<Figures> {
    return quick && choose !== undefined ? figures : { ...figures, ...sessionFigures(await moteSide(choose)) }
}

const program = await built(PROGRAM, () => allFunctions)
const hotProgram = await built(PROGRAM, hotIn)
const anchorProgram = await buildBoard("bench/anchor")
const speeds = inLayouts(program)
const ofMote = await withSessions(await moteFigures(program, speeds, () => allFunctions), allFunctions)
const mote = quick ? ofMote : await withV13(ofMote, () => allFunctions)
const hotFigures = await moteFigures(hotProgram, inLayouts(hotProgram), hotIn)
const hot = await withV13(await withSessions(hotFigures, hotIn(CREDENTIALS_PROGRAM)), hotIn)
const interpreter = await built(PROGRAM)
const ofInterpreter = await moteFigures(interpreter, inLayouts(interpreter))
const interpreted = await withV13(await withSessions(ofInterpreter))
const anchorFigures = mbedtlsFigures(anchorProgram, run(anchorProgram, undefined, {}))
const mbedtls = { ...anchorFigures, ...sessionFigures(await anchorSide()) }
const roles = await ofRoles({ program: interpreter, image: IMAGE }, quick ? QUICK_BUDGETS : BUDGETS)
if (json === true) console.log(JSON.stringify({ mote, hot, interpreted, mbedtls, roles }))
else {
    console.log('Mote with all functions of the program as C (devs.config.json: "translate": "all")\n')
    printTable(mote, mbedtls)
    console.log(`\nMote with the hot functions as C, about ${TRANSLATE_BUDGET} KB ("translate": "hot")\n`)
    printTable(hot, mbedtls)
    console.log('\nMote with the program interpreted ("translate": false)\n')
    printTable(interpreted, mbedtls)
    printRoles(roles, mbedtls)
    const metered = run(program, IMAGE, { mode: "speed", meter: "1" })
    printShares(metered)
    printNatives(metered)
    const { handshake, record } = profile(program.path, command(program, IMAGE, { mode: "speed" }))
    printProfile(handshake, "a handshake, both sides", HANDSHAKES)
    printProfile(record, "a record, sent and received", 2 * RECORDS)
}
process.exit()
