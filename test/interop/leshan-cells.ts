import { cachedDeviceImage } from "../../host/build/device.js"
import { compiledMachine } from "../../host/build/wasm.js"
import { CCM_8, type Cell, TEXT_KEY_HEX } from "./cell.js"
import { withPrograms } from "./command-line.js"
import { buildNeeds, builtVersions, peerProgram } from "./peers/build.js"
import { freePort, fromSources, mote, untilBound } from "./process.js"

/*
 * Leshan, an LwM2M server on Californium, with the example examples/lwm2m.ts as its client, in Node and in the
 * simulator. test/node/firmware/lwm2m.spec.ts runs the same on Linux and on the emulated board.
 */

const IDENTITY = "thermometer"
const TEMPERATURE = String.raw`2\d(\.\d+)?`
const REGISTERED = String.raw`objects \{1=1\.1, 3=1\.1, 3303=1\.1\}, formats \[TLV\(11542\), .*SENML_CBOR\(112\)`
const SERVER = "{0=1, 1=300, 5=86400, 6=false, 7=U}"
const DEVICE = String.raw`\{0=Mote, 1=example, 2=1, 3=1\.0, 11=\[0\], 13=.*, 16=U\}`
const MEASURED = `\\{5601=${TEMPERATURE}, 5602=${TEMPERATURE}, 5700=${TEMPERATURE}, 5701=Cel\\}`

/** Leshan's output for reading everything in a format. */
function readIn(format: string): string[] {
    return [
        `${format} /1: \\{0=${SERVER.replace(/[{}]/g, "\\$&")}\\}`,
        `${format} /3/0: ${DEVICE}`,
        `${format} /3303/0: ${MEASURED}`,
        `${format} /3303/0/5700: ${TEMPERATURE}`,
        `${format} /3/0/11: \\[0\\]`,
        `${format} /3/0/11/0: 0`,
    ]
}

/** Leshan's output, as regular expressions in order, from Register to De-register. */
const EXPECTED = [
    `registered: ${IDENTITY} for 300 s, LwM2M 1\\.1, ${REGISTERED}.*`,
    ...readIn("TLV"),
    ...readIn("SENML_CBOR"),
    "read /3/0/0: Mote",
    `read /3303/0/5700: ${TEMPERATURE}`,
    "read /0/0: UNAUTHORIZED.*",
    "read /3303/1: NOT_FOUND.*",
    "read /3/0/9: NOT_FOUND.*",
    "read /3/0/4: METHOD_NOT_ALLOWED.*",
    `text /3303/0/5700: ${TEMPERATURE}`,
    "json /3/0: NOT_ACCEPTABLE.*",
    "discover /3303: \\[</3303>;ver=1\\.1, </3303/0>, .*</3303/0/5700>, </3303/0/5701>\\]",
    `observe /3303/0/5700: ${TEMPERATURE}`,
    `notified: /3303/0/5700 ${TEMPERATURE}`,
    `notified: /3303/0/5700 ${TEMPERATURE}`,
    `cancel: ${TEMPERATURE}`,
    "text lifetime: CHANGED.*",
    "updated: 120 s",
    "tlv lifetime: CHANGED.*",
    "updated: 240 s",
    "TLV server: CHANGED.*",
    "SENML_CBOR server: CHANGED.*",
    "read-only: METHOD_NOT_ALLOWED.*",
    "read /1/0: \\{0=1, 1=240, 5=1, 6=true, 7=U\\}",
    "update trigger: CHANGED.*",
    "updated: 240 s",
    "disable: CHANGED.*",
    "unregistered: by itself",
    `registered: ${IDENTITY} for 240 s, .*`,
    "reboot: CHANGED.*",
    "unregistered: by itself",
    "done",
]

/** The first line that differs from the expected one; "ok" if there is none. */
function compared(output: string): string {
    // The library complains that there is no logger.
    const lines = output.split("\n").filter((line) => line !== "" && !line.startsWith("SLF4J"))
    const wrong = EXPECTED.findIndex((expected, i) => !new RegExp(`^${expected}$`).test(lines[i] ?? ""))
    return wrong < 0 ? "ok" : `in place of ${EXPECTED[wrong]}: ${lines[wrong] ?? "nothing"}`
}

const theirs = (port: number): string[] => ["--port", `${port}`, "--identity", IDENTITY, "--key", TEXT_KEY_HEX]

/** Settings of the thermometer on a device. @param host this computer's address as seen by the device */
export function settingsForLeshan(host: string, port: number): Record<string, string> {
    return { host, port: `${port}`, identity: IDENTITY, key: TEXT_KEY_HEX, interval: "500" }
}

/**
 * Runs a client from Register to De-register with Leshan. @param ours its command, for a port. @returns "ok", or the
 * first difference
 */
export function lifeAtLeshan(ours: (port: number) => string[] | Promise<string[]>): Promise<string> {
    return withPrograms(async (start) => {
        const port = await freePort()
        const command = await ours(port)
        const server = start([peerProgram("leshan"), ...theirs(port)])
        await untilBound(port)
        const client = start(command)
        await server.ended(50000)
        const result = compared(server.output)
        // The server may exit before its last answer is sent; then a request is retransmitted for at most 93 s.
        if (result === "ok") await client.ended(120000)
        return result
    })
}

/**
 * @param ours the client's command, for a port
 * @param prepare builds what the client needs first, because the server waits only 20 s for it
 */
function cell(what: string, ours: (port: number) => string[], prepare = (): Promise<void> => Promise.resolve()): Cell {
    return {
        peer: "leshan",
        version: builtVersions.leshan,
        role: "server",
        suite: CCM_8.iana,
        what: `LwM2M 1.1: registers, is read, written, observed and disabled, ${what}`,
        features: ["psk"],
        command: ["leshan", ...theirs(5684), " || ", ...ours(5684).slice(1)].join(" "),
        needs: buildNeeds.leshan,
        run: async () => {
            await prepare()
            return await lifeAtLeshan(ours)
        },
        expected: "ok",
    }
}

/** The program in the simulator. */
const SIMULATED = "examples/device/lwm2m.ts"

/** All cells of Leshan. */
export function leshanCells(): Cell[] {
    const settings = (port: number): string[] =>
        Object.entries(settingsForLeshan("127.0.0.1", port)).flatMap(([name, value]) => [
            "--setting",
            `${name}=${value}`,
        ])
    return [
        cell("in Node", (port) => fromSources("examples/lwm2m.ts", "127.0.0.1", `${port}`, IDENTITY, TEXT_KEY_HEX)),
        cell(
            "in the simulator",
            (port) => mote("sim", SIMULATED, "--quiet", ...settings(port)),
            async () => {
                await compiledMachine()
                cachedDeviceImage(SIMULATED)
            },
        ),
    ]
}
