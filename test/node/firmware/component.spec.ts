import { deepStrictEqual, ok, strictEqual } from "node:assert/strict"
import { spawnSync } from "node:child_process"
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { basename, join } from "node:path"
import { root } from "../../../host/build/device.js"
import { MACHINE_BUDGET, MACHINE_TARGET, machineSize } from "../../../host/build/machine-size.js"
import { HOT, missingForBoard } from "../../../host/build/rv32.js"
import { temporaryFolder } from "../../../host/temporary.js"
import { needs } from "../../support/needs.js"

const firmware = join(root, "firmware")
const textOf = (name: string): string => readFileSync(join(firmware, name), "utf8")
const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string }

interface Library {
    version: string
    headers: string[]
    build: { srcFilter: string[]; flags: string[] }
}
const library = JSON.parse(textOf("library.json")) as Library

/** Folders that the component's sources are in. */
const FOLDERS = ["vm", "natives", "port/sockets"]
const sources = FOLDERS.flatMap((folder) =>
    readdirSync(join(firmware, folder))
        .filter((name) => name.endsWith(".c"))
        .map((name) => join(firmware, folder, name)),
).sort()

describe("machine and natives as a component of other firmware", function () {
    this.timeout(60000)

    it("have the version of the package, for PlatformIO and for ESP-IDF", () => {
        strictEqual(library.version, version)
        ok(textOf("idf_component.yml").startsWith(`version: "${version}"\n`))
    })

    it("name folders and headers that are there, for PlatformIO", () => {
        const included = library.build.flags.map((flag) => flag.replace("-I", ""))
        for (const folder of included) ok(existsSync(join(firmware, folder)), folder)
        for (const header of library.headers)
            ok(
                included.some((folder) => existsSync(join(firmware, folder, header))),
                header,
            )
        deepStrictEqual(library.build.srcFilter, ["-<*>", ...FOLDERS.map((folder) => `+<${folder}/>`)])
    })

    it("compile the same files for speed on the ESP32-C3 and on the emulated board", () => {
        const text = textOf("port/esp32c3/CMakeLists.txt")
        const list = /set_source_files_properties\(([^)]*)PROPERTIES COMPILE_OPTIONS -O2\)/.exec(text)?.[1] ?? ""
        deepStrictEqual(
            list
                .trim()
                .split(/\s+/)
                .map((path) => basename(path)),
            HOT,
        )
    })

    it("register the same sources with ESP-IDF", function () {
        needs(this, spawnSync("cmake", ["--version"]).status === 0 ? undefined : "cmake is not installed")
        const folder = temporaryFolder("component")
        const project = [
            "cmake_minimum_required(VERSION 3.16)",
            "project(stand_in NONE)",
            'function(idf_component_register)\nmessage(STATUS "registered ${ARGN}")\nendfunction()',
            "function(target_compile_options)\nendfunction()",
            `include(${join(firmware, "CMakeLists.txt")})`,
        ]
        writeFileSync(join(folder, "CMakeLists.txt"), `${project.join("\n")}\n`)
        const { status, stdout } = spawnSync("cmake", ["-S", folder, "-B", join(folder, "out")], { encoding: "utf8" })
        strictEqual(status, 0)
        const registered = /registered SRCS;(.*);INCLUDE_DIRS/.exec(stdout)?.[1].split(";") ?? []
        deepStrictEqual(registered.sort(), sources)
    })

    it(`has a machine of at most ${MACHINE_BUDGET} bytes for ${MACHINE_TARGET}, and no RAM besides its arena`, function () {
        needs(this, missingForBoard())
        const size = machineSize()
        ok(size !== undefined && size.flash <= MACHINE_BUDGET, `${size?.flash} bytes`)
        strictEqual(size?.ram, 0)
    })
})
