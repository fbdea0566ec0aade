import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict"
import { spawnSync } from "node:child_process"
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { root } from "../../../host/build/device.js"
import { compileProgram } from "../../../host/build/compiler.js"
import { checkedDevice, missingFor } from "../../../host/build/native.js"
import { boardNames, loadBoard, loadConfig } from "../../../host/config/device-config.js"
import { configurationHeader, sdkconfigText } from "../../../host/config/firmware-build.js"
import { needs } from "../../support/needs.js"
import { KEY, project, run, good, keys } from "../../support/device-project.js"

const emulated = { ...good, board: "rv32-virt", target: "coaps://10.0.2.2/readings" }
const BOARD_TITLE = loadBoard("rv32-virt").title

describe("devs.config.json", function () {
    this.timeout(120000)

    const wrong: [string, object, string][] = [
        ["an unknown setting", { ...good, bord: "posix" }, "bord: is no setting; there are $schema, program, board"],
        ["one named like a method of every object", { ...good, toString: 1 }, "toString: is no setting; there are"],
        ["a missing one", { ...good, target: undefined }, "target: is missing: where readings go"],
        [
            "a suite that does not exist",
            { ...good, suites: ["TLS_NULL"] },
            "suites[0]: one of TLS_PSK_WITH_AES_128_CCM_8",
        ],
        [
            "a suite named twice",
            { ...good, suites: Array(2).fill("TLS_PSK_WITH_AES_128_CCM") },
            "suites: each one once",
        ],
        ["no suite", { ...good, suites: [] }, "suites: at least 1"],
        [
            "an interval of no length",
            { ...good, interval: 0 },
            "interval: a whole number from 10 to 2147483647: ms between two readings (60000)",
        ],
        ["a profile of none", { ...good, profile: "satellite" }, "profile: one of wifi, cellular"],
        [
            "a board that is not there",
            { ...good, board: "toaster" },
            "board: one of esp32c3-devkitm-1, esp32c6-devkitc-1, esp32s3-devkitc-1, posix, rv32-virt",
        ],
        ["a translation that is none", { ...good, translate: true }, 'translate: one of false, "hot", "all"'],
        [
            "a budget for what is not chosen",
            { ...good, translate: "all", translateBudget: 64 },
            'translateBudget: only with "translate": "hot"',
        ],
        [
            "a budget of nothing",
            { ...good, translate: "hot", translateBudget: 0 },
            "translateBudget: a whole number from 4",
        ],
        [
            "natives of one program, and updates with others",
            { ...good, natives: "program", update: { key: "update.pem", product: "sensor" } },
            'natives: "all", since the device takes other programs as updates',
        ],
        [
            "a profile that is not there",
            { ...good, translate: "hot", translateProfile: "none.json" },
            "translateProfile: there is no such file",
        ],
        [
            "a radio without a network",
            { ...good, board: "esp32c3-devkitm-1" },
            'wifi: is missing: ESP32-C3-DevKitM-1 has to know its network, as { "ssid": "home" }',
        ],
        [
            "a country that the radio does not know",
            { ...good, wifi: { ssid: "home", country: "ZZ" } },
            "wifi.country: one of 01, AT, AU, BE,",
        ],
        [
            "a setting that ports would cut",
            { ...good, name: "\u00e4".repeat(128) },
            "name: at most 255 bytes fit into a setting",
        ],
        ["a network without a name", { ...good, wifi: { ssid: "" } }, "wifi.ssid: 1 to 32 characters"],
        ["a target of another scheme", { ...good, target: "http://x/y" }, "target: where readings go: coaps://"],
        ["a target with a query", { ...good, target: "coaps://h/r?x=1" }, "target: coaps://HOST[:PORT]/PATH with one"],
        ["a target that cannot be decoded", { ...good, target: "coaps://h/%zz" }, "target: coaps://HOST[:PORT]/PATH"],
        [
            "a target that is the board itself",
            { ...good, board: "rv32-virt", target: "coaps://127.0.0.1/r" },
            "10.0.2.2",
        ],
        [
            "more memory than the board has",
            { ...good, board: "rv32-virt", arena: 1024 },
            "arena: the emulated RV32IMC board",
        ],
        [
            "suites for a program that names its own",
            { ...good, suites: ["TLS_PSK_WITH_AES_128_CCM"] },
            "suites: the program names its own",
        ],
        [
            "connection ids for a program that names its own",
            { ...good, connectionId: 0 },
            "connectionId: the program names its own",
        ],
        [
            "versions for a program that names its own",
            { ...good, maxVersion: "1.3" },
            "maxVersion: the program names its own",
        ],
        ["a version that does not exist", { ...good, maxVersion: "1.1" }, "maxVersion: one of 1.2, 1.3"],
        ["versions in the wrong order", { ...good, minVersion: "1.3", maxVersion: "1.2" }, "minVersion: no newer than"],
        [
            "a suite of another version",
            { ...good, minVersion: "1.3", suites: ["TLS_AES_128_CCM_SHA256", "TLS_PSK_WITH_AES_128_CCM_8"] },
            "suites[1]: a suite of DTLS 1.3",
        ],
        [
            "a version without a suite",
            { ...good, maxVersion: "1.3", suites: ["TLS_PSK_WITH_AES_128_CCM_8"] },
            "suites: one of DTLS 1.3, too: TLS_AES_128_CCM_SHA256",
        ],
        ["connection ids that are too long", { ...good, connectionId: 256 }, "connectionId: "],
        [
            "a mode of DTLS 1.3 without DTLS 1.3",
            { ...good, pskKeyExchange: "psk_dhe_ke" },
            "pskKeyExchange: needs DTLS 1.3",
        ],
        [
            "a form of return routability without connection ids",
            { ...good, returnRoutability: "enhanced" },
            "returnRoutability: needs connectionId",
        ],
        ["an imported key in DTLS 1.2", { ...good, maxVersion: "1.3", importedPsk: {} }, "importedPsk: needs DTLS 1.3"],
        [
            "a hash that is none",
            { ...good, minVersion: "1.3", importedPsk: { hash: "MD5" } },
            "importedPsk.hash: one of SHA-256, SHA-384",
        ],
        [
            "suites that the board's crypto library lacks, where none of the version is left",
            { ...emulated, maxVersion: "1.3", suites: ["TLS_PSK_WITH_AES_128_CCM_8", "TLS_AES_128_GCM_SHA256"] },
            `suites: ${BOARD_TITLE} does not have TLS_AES_128_GCM_SHA256; of DTLS 1.3 it has TLS_AES_128_CCM_SHA256, TLS_AES_128_CCM_8_SHA256`,
        ],
        [
            "a suite whose hash the board's crypto library lacks",
            { ...emulated, suites: ["TLS_PSK_WITH_AES_256_GCM_SHA384"] },
            `suites: ${BOARD_TITLE} does not have TLS_PSK_WITH_AES_256_GCM_SHA384; of DTLS 1.2 with a pre-shared key it has`,
        ],
        [
            "a key imported by a hash that the board's crypto library lacks",
            { ...emulated, minVersion: "1.3", importedPsk: { hash: "SHA-384" } },
            `importedPsk.hash: ${BOARD_TITLE} has SHA-256 alone`,
        ],
        ["a program that is not there", { ...good, program: "src/none.ts" }, "program: there is no such file"],
    ]
    for (const [what, config, message] of wrong)
        it(`refuses ${what}, with its path and what is allowed`, () => {
            const told = run("build", project(config, keys))
            strictEqual(told.code, 2, told.err)
            ok(told.err.includes(message), told.err)
        })

    const places: [string, string[], string][] = [
        ["a wrong value", ['    "board": "posix",', '    "interval": 0,'], "3:5: interval: a whole number from 10"],
        ["an unknown setting", ['    "bord": "posix",'], "2:5: bord: is no setting"],
        ["one of a list", ['    "suites": [', '        "TLS_NULL"', "    ],"], "3:9: suites[0]: one of"],
        ["a missing one, by its object", ['    "wifi": { },'], "2:5: wifi.ssid: is missing"],
        ["what is no JSON", ['    "board" "posix",'], "2:13: no JSON: colon expected"],
    ]
    for (const [what, lines, message] of places)
        it(`names line and column of ${what}`, () => {
            const folder = project(good, keys)
            const rest = ['    "target": "coaps://gateway.local/readings"', "}", ""]
            writeFileSync(join(folder, "devs.config.json"), ["{", ...lines, ...rest].join("\n"))
            const told = run("build", folder)
            strictEqual(told.code, 2, told.err)
            ok(told.err.includes(`devs.config.json:${message}`), told.err)
        })

    const secrets: [string, object | undefined, string][] = [
        ["no file", undefined, "keys.json is not there"],
        ["no key", { identity: "a" }, "keys.json:1:1: key: is missing"],
        ["half a byte", { ...keys, key: `${KEY}a` }, "keys.json:1:23: key: the key, 2 to 128 hexadecimal digits"],
    ]
    for (const [what, credentials, message] of secrets)
        it(`says what is wrong with credentials: ${what}; and repeats no key`, () => {
            const told = run("build", project(good, credentials))
            strictEqual(told.code, 2, told.err)
            ok(told.err.includes(message), told.err)
            ok(!told.err.includes(KEY), told.err)
        })

    it("says where a file is not JSON, without quoting any of it", () => {
        const folder = project(good, undefined)
        writeFileSync(join(folder, "keys.json"), `{"identity":"a","key":${KEY}}`)
        const told = run("build", folder)
        strictEqual(told.code, 2, told.err)
        ok(told.err.includes("keys.json:1:"), told.err)
        ok(!told.err.includes(KEY.slice(0, 4)), told.err)
    })

    it("shows the compiler's messages about a program", () => {
        const folder = project(good, keys)
        writeFileSync(join(folder, "src", "app.ts"), "const x: number = 'text'\n")
        const told = run("build", folder)
        strictEqual(told.code, 2, told.err)
        ok(/app\.ts.*does not compile/.test(told.err) && !told.err.includes("unexpected error"), told.err)
    })

    it("takes keys from the environment, too", () => {
        const folder = project({ ...good, credentials: "environment" }, undefined)
        ok(run("build", folder).err.includes("MOTE_IDENTITY: is missing"))
    })

    it("refuses credentials that git has", () => {
        const folder = project(good, keys)
        for (const args of [
            ["init", "-q"],
            ["add", "keys.json"],
        ])
            spawnSync("git", args, { cwd: folder })
        ok(run("build", folder).err.includes("keys.json is committed: git rm --cached keys.json"))
    })

    it("leaves out suites that the board's crypto library lacks while others remain; boards with all have all", () => {
        const suites = ["TLS_AES_128_GCM_SHA256", "TLS_AES_128_CCM_SHA256", "TLS_CHACHA20_POLY1305_SHA256"]
        const [gcm, ccm, chacha] = suites
        for (const board of boardNames()) {
            const named = { ...emulated, board, minVersion: "1.3", suites, wifi: { ssid: "home" } }
            const config = loadConfig(join(project(named, keys), "devs.config.json"))
            const wanted = board === "rv32-virt" ? [[ccm], [gcm, chacha]] : [suites, []]
            deepStrictEqual([config.suites, config.lackingSuites], wanted, board)
        }
    })

    it("becomes program, slot, settings for this user alone, and the C configuration", function () {
        needs(this, missingFor(checkedDevice))
        const suites = ["TLS_PSK_WITH_AES_128_CCM_8", "TLS_PSK_WITH_AES_128_GCM_SHA256"]
        const program = join(root, "src", "sensor", "main.ts")
        const folder = project({ ...good, program, suites, arena: 40 }, keys)
        mkdirSync(join(folder, "build", "posix"), { recursive: true })
        writeFileSync(join(folder, "build", "posix", "settings.txt"), "", { mode: 0o644 })
        const told = run("build", folder)
        strictEqual(told.code, 0, told.err)
        const made = join(folder, "build", "posix")
        strictEqual(readFileSync(join(made, "program.slot")).toString("latin1", 0, 4), "MSL1")
        const settings = readFileSync(join(made, "settings.txt"), "utf8")
        ok(settings.includes("host=gateway.local\nport=5684\npath=readings\n"), settings)
        strictEqual(statSync(join(made, "settings.txt")).mode & 0o777, 0o600)
        const header = readFileSync(join(made, "mote_config.h"), "utf8")
        ok(header.includes("#define MOTE_ARENA_KB 40\n#define MOTE_AEADS 0x22 "), header)
        ok(!`${told.out}${told.err}`.includes(KEY))
    })
})

describe("natives of the program alone", function () {
    this.timeout(240000)

    const alone = { ...good, natives: "program" }

    /** What the firmware in the folder says of a program, which is compiled and run by it. */
    function printed(folder: string, image: string): string {
        const device = join(folder, "build", "posix", "mote-device")
        const { stdout, stderr } = spawnSync(device, ["--setting", "name=value", image], { encoding: "utf8" })
        return stdout + stderr
    }

    it("are those that it names: it runs, and a program with others fails where it calls one", function () {
        needs(this, missingFor(checkedDevice))
        const folder = project(alone, keys)
        const app = (text: string): void =>
            writeFileSync(
                join(folder, "src", "app.ts"),
                `import * as ds from "@devicescript/core"\nconsole.log(${text})\nds.restart()\n`,
            )
        const [image, other] = ["program.devs", "other.devs"].map((name) => join(folder, "build", "posix", name))
        app('(ds as any)._moteSetting("name"), typeof (ds as any)._moteSetting("none")')
        const told = run("build", folder)
        strictEqual(told.code, 0, told.err)
        strictEqual(printed(folder, image), "value undefined\n")
        const header = readFileSync(join(folder, "build", "posix", "mote_config.h"), "utf8")
        ok(header.includes("\n#define MOTE_NATIVES_OF_PROGRAM(X) X(_moteSetting, mote_native_setting, 1)\n"), header)
        app('(ds as any)._moteSetting("name"), (ds as any)._moteWallClock() > 0')
        writeFileSync(other, compileProgram(readFileSync(join(folder, "src", "app.ts"), "utf8")))
        ok(printed(folder, other).includes("TypeError: undefined called"), printed(folder, other))
        strictEqual(run("build", folder).code, 0)
        strictEqual(printed(folder, other), "value true\n")
    })

    it("are some of the sensor's: sockets and keys, but no streams, pins or updates; I2C only with a real SHT4x", () => {
        const headerOf = (name: string): string => {
            const config = { ...alone, program: join(root, "src", "sensor", name) }
            return configurationHeader(loadConfig(join(project(config, keys), "devs.config.json")))
        }
        const header = headerOf("main.ts")
        // A name that every machine knows.
        const i2c = "X(_i2cTransaction, mote_native_i2c_transaction, 3)"
        ok(!header.includes(i2c) && headerOf("sht4x-main.ts").includes(i2c), header)
        for (const name of ["_moteUdpSend", "_moteRecordSeal"]) ok(header.includes(`X(${name}, `), header)
        for (const name of ["_socketOpen", "_moteGpioValue", "_moteUpdateWrite"]) ok(!header.includes(name), header)
    })

    it("are refused where other programs may come", () => {
        const { code, err } = run("flash", project(alone, keys), "--program-only")
        strictEqual(code, 2)
        ok(err.includes('--program-only: with "natives": "program" a program needs the firmware built for it'), err)
    })
})

describe("flash encryption of an ESP32-C3", () => {
    const esp = { ...good, board: "esp32c3-devkitm-1", wifi: { ssid: "home" } }
    const configured = (config: object): string =>
        sdkconfigText(loadConfig(join(project(config, keys), "devs.config.json")))
    const settings = (text: string): string[] => text.split("\n").filter((line) => line.startsWith("CONFIG_"))
    const port = join(root, "firmware", "port", "esp32c3")

    it("is off unless the configuration names its mode", () => {
        deepStrictEqual(settings(configured(esp)), [])
        ok(!readFileSync(join(port, "sdkconfig.defaults"), "utf8").includes("FLASH_ENC"))
    })

    for (const [mode, other] of [
        ["development", "release"],
        ["release", "development"],
    ])
        it(`${mode}: encrypts the flash in that mode alone, and what programs save`, () => {
            const lines = settings(configured({ ...esp, flashEncryption: mode }))
            for (const name of [
                "SECURE_FLASH_ENC_ENABLED",
                `SECURE_FLASH_ENCRYPTION_MODE_${mode.toUpperCase()}`,
                "NVS_ENCRYPTION",
                "NVS_SEC_KEY_PROTECT_USING_FLASH_ENC",
            ])
                ok(lines.includes(`CONFIG_${name}=y`), `${name} is missing in ${lines.join(" ")}`)
            ok(!lines.join().includes(`MODE_${other.toUpperCase()}`))
        })

    it("has a partition for NVS's keys, and the settings are marked; the programs, written byte by byte, are not", () => {
        const table = readFileSync(join(port, "partitions.csv"), "utf8")
        const rows = [...table.matchAll(/^([a-z]\w*),(.*)$/gm)].map(([, name, rest]) => [name, rest] as const)
        const marked = rows.filter(([, rest]) => /,\s*encrypted$/.test(rest)).map(([name]) => name)
        deepStrictEqual(marked, ["settings", "nvs_keys"])
        ok(/^nvs_keys,\s*data, nvs_keys, 0x242000, 0x1000,/m.test(table))
    })

    it("is refused for boards that have no flash", () => {
        throws(() => configured({ ...good, flashEncryption: "release" }), /flashEncryption: Linux.* has no flash/)
    })

    it("mote build writes the settings of ESP-IDF, and says what cannot be undone; of a short key, that it can be guessed", function () {
        this.timeout(120000)
        const folder = project({ ...esp, flashEncryption: "release" }, { ...keys, key: "0011" })
        const { code, out, err } = run("build", folder)
        strictEqual(code, 0, err)
        ok(
            /warning: flashEncryption release: .* burns eFuses, which nothing undoes, and cannot be flashed again/.test(
                out,
            ),
        )
        ok(out.includes("warning: the key is shorter than 16 bytes"))
        const written = readFileSync(join(folder, "build", "esp32c3-devkitm-1", "sdkconfig.configured"), "utf8")
        ok(written.includes("CONFIG_SECURE_FLASH_ENCRYPTION_MODE_RELEASE=y"))
        ok(!`${out}${err}${written}`.includes("0011"))
    })
})
