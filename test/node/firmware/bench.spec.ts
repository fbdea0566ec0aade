import { deepStrictEqual, ok, strictEqual } from "node:assert/strict"
import { spawnSync } from "node:child_process"
import type { RoleFigures } from "../../../bench/rv32-roles.js"
import { missingForBoard } from "../../../host/build/rv32.js"
import { root } from "../../../host/build/device.js"
import { needs } from "../../support/needs.js"

const FIGURES = [
    ...["psk_handshake_client", "psk_handshake_server", "record_send_64", "record_recv_64", "arena_peak", "arena_idle"],
    ...["heap_natives_peak", "heap_natives_idle", "stack", "ram_first_connection", "gc_pause_max"],
    ...["wire_bytes", "wire_datagrams", "flash", "ram"],
]

/** With --quick, measured of the interpreted program only. */
const OF_SESSIONS = [
    ...["ecdhe_handshake_client", "ecdhe_handshake_server", "resumed_handshake_client", "resumed_handshake_server"],
    ...["wake_send", "record_cid_send_64", "record_cid_recv_64", "idle_cid"],
]

/** With --quick, measured with the hot functions as C and with the program interpreted. */
const OF_V13 = [
    ...["handshake13_client", "handshake13_server", "handshake13_dhe_client", "handshake13_dhe_server"],
    ...["record13_send_64", "record13_recv_64", "record13_cid_send_64", "record13_cid_recv_64", "idle13"],
]

type Side = Record<string, number>

/** Counted by the emulated core, so that a figure is the same on every machine. */
describe("bench:rv32", function () {
    this.timeout(600000)
    let flashes: Record<"mote" | "hot", { flash: Record<string, number> }>
    let rams: Record<string, { ram: Record<string, number>; ram_first_connection: number; arena_peak: number }>
    let measured: { mote: Side; hot: Side; interpreted: Side; mbedtls: Side; roles: RoleFigures[] }

    before(function () {
        needs(this, missingForBoard())
        const args = ["--import", "./host/build/tsx.mjs", "bench/rv32.ts", "--json", "--quick"]
        const { stdout, stderr, status } = spawnSync(process.execPath, args, { cwd: root, encoding: "utf8" })
        strictEqual(status, 0, stderr)
        measured = JSON.parse(stdout) as typeof measured
        flashes = JSON.parse(stdout) as typeof flashes
        const { roles: _, ...sides } = JSON.parse(stdout) as typeof rams & { roles: unknown }
        rams = sides
    })

    it("prints the same figures for Mote, with all functions as C, the hot ones and none, and for mbedTLS", () => {
        const { mote, hot, interpreted, mbedtls } = measured
        const names = (side: Side): string[] => Object.keys(side).sort()
        deepStrictEqual(names(mote), [...FIGURES].sort())
        deepStrictEqual(names(hot), [...FIGURES, ...OF_V13].sort())
        deepStrictEqual(names(interpreted), [...FIGURES, ...OF_SESSIONS, ...OF_V13].sort())
        deepStrictEqual(names(mbedtls), [...FIGURES, ...OF_SESSIONS].sort())
    })

    it("with functions as C, a PSK handshake takes a client 0.61 of the instructions of mbedTLS's own DTLS at most, a server 0.71; with the hot ones 0.75 and 0.85", () => {
        const { mote, hot, mbedtls } = measured
        // A server also reassembles hellos from fragments and ranks its peers, which mbedTLS leaves to the application.
        const limits: [Side, number, number][] = [
            [mote, 0.61, 0.71],
            [hot, 0.75, 0.85],
        ]
        for (const [side, client, server] of limits)
            for (const [name, limit] of Object.entries({ psk_handshake_client: client, psk_handshake_server: server }))
                ok(side[name] <= limit * mbedtls[name], `${name}: ${side[name]}, mbedTLS ${mbedtls[name]}`)
    })

    it("with the hot functions as C, three fifths of what C saves in a handshake are saved in half of its flash, and a firmware with client and server takes 200 KB of it at most", () => {
        const { mote, hot, interpreted } = measured
        for (const name of ["psk_handshake_client", "psk_handshake_server"]) {
            const saved = (side: Side): number => interpreted[name] - side[name]
            ok(saved(hot) >= (3 / 5) * saved(mote), `${name}: ${hot[name]} between ${mote[name]}, ${interpreted[name]}`)
        }
        const [few, all] = [flashes.hot, flashes.mote].map(({ flash }) => flash["translated"])
        ok(few <= all / 2, `${few} of ${all} bytes`)
        // 64 KB, plus firmware/translated itself.
        ok(few <= 69 * 1024, `${few} bytes`)
        const parts = Object.entries(flashes.hot.flash).filter(([part]) => part !== "libc")
        const flash = parts.reduce((sum, [, bytes]) => sum + bytes, 0)
        ok(flash <= 200 * 1024, `${flash} bytes of flash`)
    })

    it("with functions as C, a record of 64 bytes takes no more instructions to send or receive than in mbedTLS; with the hot ones 1.01 and 1.02 times as many at most", () => {
        const { mote, hot, mbedtls } = measured
        const limits: [Side, number, number][] = [
            [mote, 1, 1],
            [hot, 1.01, 1.02],
        ]
        for (const [side, send, receive] of limits)
            for (const [name, limit] of Object.entries({ record_send_64: send, record_recv_64: receive }))
                ok(side[name] <= limit * mbedtls[name], `${name}: ${side[name]}, mbedTLS ${mbedtls[name]}`)
    })

    it("with a role of its own in an image, a PSK handshake takes a client 0.61 of the instructions of mbedTLS at most, a server 0.78, each with 200 KB of flash", () => {
        const { roles, mbedtls } = measured
        const figuresOf = (role: string, budget: number): RoleFigures =>
            roles.find((one) => one.role === role && one.budget === budget) as RoleFigures
        const [client, server] = [figuresOf("client", 64), figuresOf("server", 64)]
        const { psk_handshake_client, psk_handshake_server } = mbedtls
        ok(client.handshake <= 0.61 * psk_handshake_client, `${client.handshake}, mbedTLS ${psk_handshake_client}`)
        for (const { flash } of [client, server]) ok(flash <= 200 * 1024, `${flash} bytes`)
        ok(server.handshake <= 0.78 * psk_handshake_server, `${server.handshake}, mbedTLS ${psk_handshake_server}`)
    })

    it("with no function as C, a PSK handshake takes a client 1.22 times the instructions of mbedTLS at most, a server 1.37, and a record 1.39 to send, 1.57 to receive", () => {
        const { interpreted, mbedtls } = measured
        const handshakes = { psk_handshake_client: 1.22, psk_handshake_server: 1.37 }
        for (const [name, limit] of Object.entries({ ...handshakes, record_send_64: 1.39, record_recv_64: 1.57 }))
            ok(interpreted[name] <= limit * mbedtls[name], `${name}: ${interpreted[name]}, mbedTLS ${mbedtls[name]}`)
    })

    it("a handshake with ECDHE_ECDSA and a pinned certificate takes 1 % more instructions than mbedTLS at most, with no function as C", () => {
        const { interpreted, mbedtls } = measured
        for (const name of ["ecdhe_handshake_client", "ecdhe_handshake_server"])
            ok(interpreted[name] <= 1.01 * mbedtls[name], `${name}: ${interpreted[name]}, mbedTLS ${mbedtls[name]}`)
    })

    it("with no function as C, a record of DTLS 1.3, sent and received, takes 1.26 of the instructions of DTLS 1.2 at most", () => {
        const { interpreted } = measured
        // Three more AES blocks on each side: the content type starts another one, and the record number needs a mask.
        const newer = interpreted["record13_send_64"] + interpreted["record13_recv_64"]
        const older = interpreted["record_send_64"] + interpreted["record_recv_64"]
        ok(newer <= 1.26 * older, `${newer}, in DTLS 1.2 ${older}`)
    })

    it("with connection ids, as sensors have them, it takes 1.15 of the instructions at most", () => {
        const { interpreted } = measured
        // Here both versions have an inner content type, and the additional data of DTLS 1.2 take two more blocks.
        const newer = interpreted["record13_cid_send_64"] + interpreted["record13_cid_recv_64"]
        const older = interpreted["record_cid_send_64"] + interpreted["record_cid_recv_64"]
        ok(newer <= 1.15 * older, `${newer}, in DTLS 1.2 ${older}`)
    })

    it("the RAM of the first connection is the sum of its parts, the program interpreted 11 KB at most, with C 12 KB", () => {
        for (const { ram, ram_first_connection, arena_peak } of Object.values(rams)) {
            ok(ram_first_connection <= 12 * 1024, `${ram_first_connection} bytes`)
            const sum = (prefix: string): number =>
                Object.entries(ram).reduce((total, [name, bytes]) => total + (name.startsWith(prefix) ? bytes : 0), 0)
            strictEqual(sum(""), ram_first_connection)
            strictEqual(sum("connection_"), arena_peak)
        }
        ok(measured.interpreted["ram_first_connection"] <= 11 * 1024, `${measured.interpreted["ram_first_connection"]}`)
    })

    it("a wake of a sleeping sensor takes less than six tenths of a handshake, with no function as C", () => {
        const { interpreted } = measured
        ok(interpreted["wake_send"] <= 0.6 * interpreted["psk_handshake_client"], `${interpreted["wake_send"]}`)
    })

    it("an idle connection of DTLS 1.3 takes 1.6 KB at most, too", () => {
        const { hot, interpreted } = measured
        for (const { idle13 } of [hot, interpreted]) ok(idle13 <= 1.6 * 1024, `${idle13} bytes`)
    })

    it("an idle connection takes 1.6 KB at most, arena and native heap together, and half of mbedTLS's memory", () => {
        const idle = (side: Side): number => side["arena_idle"] + side["heap_natives_idle"]
        const { mote, hot, interpreted, mbedtls } = measured
        for (const side of [mote, hot, interpreted]) {
            ok(idle(side) <= 1.6 * 1024, `${idle(side)} bytes`)
            ok(idle(side) <= 0.5 * idle(mbedtls), `${idle(side)} bytes, mbedTLS ${idle(mbedtls)}`)
        }
        const ids = interpreted["idle_cid"]
        ok(ids <= 1.6 * 1024, `${ids} bytes with connection ids`)
        ok(ids <= 0.5 * mbedtls["idle_cid"], `${ids} bytes with connection ids, mbedTLS ${mbedtls["idle_cid"]}`)
    })
})
