import { cachedDeviceImage } from "../../host/build/device.js"
import { compiledMachine } from "../../host/build/wasm.js"
import { CCM_8, type Cell, TEXT_KEY_HEX } from "./cell.js"
import { withPrograms } from "./command-line.js"
import { buildNeeds, builtVersions, peerProgram } from "./peers/build.js"
import { freePort, fromSources, mote, untilBound } from "./process.js"

/*
 * Leshan, an LwM2M server on Californium, with the example examples/lwm2m.ts as its client, in Node and in the
 * simulator. test/node/firmware/lwm2m.spec.ts runs the same on Linux and on the emulated board. The example's
 * temperatures are random and rarely whole numbers, so a cell has a client of its own for these.
 */

const IDENTITY = "thermometer"
const REGISTERED = String.raw`objects \{1=1\.1, 3=1\.1, 3303=1\.1\}, formats \[TLV\(11542\), .*SENML_CBOR\(112\)`
const SERVER = "{0=1, 1=300, 5=86400, 6=false, 7=U}"

/** A client's values in Leshan's output, as regular expressions. */
interface Values {
    minimum: string
    maximum: string
    temperature: string
    time: string
}

const RANDOM = String.raw`2\d(\.\d+)?`
const randomValues: Values = { minimum: RANDOM, maximum: RANDOM, temperature: RANDOM, time: ".*" }

/** The values of whole-thermometer.ts. */
const wholeValues: Values = {
    minimum: String.raw`-70000\.0`,
    maximum: String.raw`1\.6777217E7`,
    temperature: String.raw`2[12]\.0`,
    time: ".* 2128",
}

/** Leshan's output for reading everything in a format. */
function readIn(format: string, { minimum, maximum, temperature, time }: Values): string[] {
    return [
        `${format} /1: \\{0=${SERVER.replace(/[{}]/g, "\\$&")}\\}`,
        String.raw`${format} /3/0: \{0=Mote, 1=example, 2=1, 3=1\.0, 11=\[0\], 13=${time}, 16=U\}`,
        `${format} /3303/0: \\{5601=${minimum}, 5602=${maximum}, 5700=${temperature}, 5701=Cel\\}`,
        `${format} /3303/0/5700: ${temperature}`,
        `${format} /3/0/11: \\[0\\]`,
        `${format} /3/0/11/0: 0`,
    ]
}

/** Leshan's output, as regular expressions in order, from Register to De-register. */
function expected(values: Values): string[] {
    const { temperature } = values
    return [
        `registered: ${IDENTITY} for 300 s, LwM2M 1\\.1, ${REGISTERED}.*`,
        ...readIn("TLV", values),
        ...readIn("SENML_CBOR", values),
        "read /3/0/0: Mote",
        `read /3303/0/5700: ${temperature}`,
        "read /0/0: UNAUTHORIZED.*",
        "read /3303/1: NOT_FOUND.*",
        "read /3/0/9: NOT_FOUND.*",
        "read /3/0/4: METHOD_NOT_ALLOWED.*",
        `text /3303/0/5700: ${temperature}`,
        "json /3/0: NOT_ACCEPTABLE.*",
        "discover /3303: \\[</3303>;ver=1\\.1, </3303/0>, .*</3303/0/5700>, </3303/0/5701>\\]",
        `observe /3303/0/5700: ${temperature}`,
        `notified: /3303/0/5700 ${temperature}`,
        `notified: /3303/0/5700 ${temperature}`,
        `cancel: ${temperature}`,
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
}

/** The first line that differs from the expected one; "ok" if there is none. */
function compared(output: string, values: Values): string {
    // The library complains that there is no logger.
    const lines = output.split("\n").filter((line) => line !== "" && !line.startsWith("SLF4J"))
    const wanted = expected(values)
    const wrong = wanted.findIndex((line, i) => !new RegExp(`^${line}$`).test(lines[i] ?? ""))
    return wrong < 0 ? "ok" : `in place of ${wanted[wrong]}: ${lines[wrong] ?? "nothing"}`
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
export function lifeAtLeshan(
    ours: (port: number) => string[] | Promise<string[]>,
    values = randomValues,
): Promise<string> {
    return withPrograms(async (start) => {
        const port = await freePort()
        const command = await ours(port)
        const server = start([peerProgram("leshan"), ...theirs(port)])
        await untilBound(port)
        const client = start(command)
        await server.ended(50000)
        const result = compared(server.output, values)
        // The server may exit before its last answer is sent; then a request is retransmitted for at most 93 s.
        if (result === "ok") await client.ended(120000)
        return result
    })
}

/**
 * @param ours the client's command, for a port
 * @param prepare builds what the client needs first, because the server waits only 20 s for it
 */
function cell(
    what: string,
    ours: (port: number) => string[],
    values = randomValues,
    prepare = (): Promise<void> => Promise.resolve(),
): Cell {
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
            return await lifeAtLeshan(ours, values)
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
    const inNode =
        (program: string) =>
        (port: number): string[] =>
            fromSources(program, "127.0.0.1", `${port}`, IDENTITY, TEXT_KEY_HEX)
    return [
        cell("in Node", inNode("examples/lwm2m.ts")),
        cell("in Node, with whole numbers as temperatures", inNode("test/interop/whole-thermometer.ts"), wholeValues),
        cell(
            "in the simulator",
            (port) => mote("sim", SIMULATED, "--quiet", ...settings(port)),
            randomValues,
            async () => {
                await compiledMachine()
                cachedDeviceImage(SIMULATED)
            },
        ),
    ]
}
