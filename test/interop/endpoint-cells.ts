import { CCM_8, type Cell, TEXT_KEY_HEX } from "./cell.js"
import { putAndGet } from "./coap-cells.js"
import { withPrograms } from "./command-line.js"
import { buildNeeds, builtVersions, peerProgram } from "./peers/build.js"
import { freePort, mote, type Running, untilBound } from "./process.js"

/*
 * CoAP endpoints with their own DTLS, in both roles: blocks and observe. Our programs around them have the same options
 * and print the same lines.
 */

type Endpoint = "aiocoap" | "californium"

const BYTES = 3000
const TEXT = "temperature 22.5 Cel"
const psk = ["--psk", `me:${TEXT_KEY_HEX}`]

function peer(role: Cell["role"], port: number, ...more: string[]): string[] {
    return [role, "--port", `${port}`, "--identity", "me", "--key", TEXT_KEY_HEX, ...more]
}

function cell(name: Endpoint, role: Cell["role"], what: string, ours: string[], run: Cell["run"]): Cell {
    return {
        peer: name,
        version: builtVersions[name],
        role,
        suite: CCM_8.iana,
        what,
        features: ["psk"],
        command: [name, ...peer(role, 5684), " || ", ...ours].join(" "),
        needs: buildNeeds[name],
        run,
        expected: "ok",
    }
}

/** A body is sent in blocks of 64 bytes and read back; then the peer's clock is observed. */
function serverCell(name: Endpoint): Cell {
    const observe = (port: number): string[] =>
        mote("observe", `coaps://127.0.0.1:${port}/time`, ...psk, "--count", "3", "--json")
    const what = `${BYTES} bytes each way in blocks of 64; mote observe receives three states`
    return cell(name, "server", what, ["mote", ...observe(5684).slice(2)], () =>
        withPrograms(async (start) => {
            const port = await freePort()
            const theirs = start([peerProgram(name), ...peer("server", port)])
            await untilBound(port)
            const transferred = await putAndGet(port, 64, BYTES)
            if (transferred !== "ok") return transferred
            const ours = start(observe(port))
            await ours.ended()
            const states = new Set(ours.output.match(/"text":"tick \d+"/g))
            if (states.size !== 3) return `${states.size} states: ${ours.output}`
            // An observer that cancels is reported.
            return await told(theirs, "observers: 0")
        }),
    )
}

/** The peer sends a body to mote gateway in blocks, reads it back, and is notified of another client's change. */
function clientCell(name: Endpoint): Cell {
    const gateway = (port: number): string[] => mote("gateway", "--host", "127.0.0.1", "--port", `${port}`, ...psk)
    const post = (port: number): string[] =>
        mote("post", `coaps://127.0.0.1:${port}/big`, ...psk, "--format", "0", "-e", TEXT)
    const what = `${BYTES} bytes each way in its blocks; observes it and receives a change`
    return cell(name, "client", what, ["mote", ...gateway(5684).slice(2)], () =>
        withPrograms(async (start) => {
            const port = await freePort()
            start(gateway(port))
            await untilBound(port)
            const more = ["--bytes", `${BYTES}`, "--count", "1"]
            const theirs = start([peerProgram(name), ...peer("client", port, ...more)])
            await theirs.expect(`put ${BYTES} bytes: 2.01, got them back: True`)
            await theirs.expect(`state: ${BYTES} bytes`)
            start(post(port))
            return await told(theirs, `state: ${TEXT.length} bytes`)
        }),
    )
}

async function told(program: Running, text: string): Promise<string> {
    await program.expect(text)
    return "ok"
}

/** All cells of aiocoap, over tinydtls, and of Californium, over Scandium. */
export function endpointCells(): Cell[] {
    return (["aiocoap", "californium"] as const).flatMap((name) => [serverCell(name), clientCell(name)])
}
