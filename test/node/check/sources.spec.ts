import { ok, strictEqual } from "node:assert/strict"
import { spawnSync } from "node:child_process"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { dirname, join, relative } from "node:path"
import { cachedDeviceImage, root } from "../../../host/build/device.js"
import { needs } from "../../support/needs.js"

/**
 * Folders of src from the highest layer to the lowest; imports may only go down (README.md, "How the source is
 * organized").
 */
const LAYERS = [
    "entry",
    "lwm2m",
    "sensor",
    "update",
    "coap",
    "gio",
    "dtls/endpoint",
    "dtls/association",
    "dtls/key-exchange",
    "dtls/handshake",
    "dtls/flight",
    "dtls/record",
    "dtls/crypto",
    "dtls/wire",
    "dtls/bytes",
]

/** Programs are above all layers. */
const PROGRAMS = /^src\/sensor\/(main|sht4x-main|sleeping-main|stock)\.ts$/

function sources(folder: string): string[] {
    const files = readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    return files.filter((file) => file.endsWith(".ts")).map((file) => `${folder}/${file}`)
}

function layerOf(path: string): string | undefined {
    const inSource = path.replace(/^src\//, "")
    return LAYERS.find((layer) => inSource.startsWith(`${layer}/`))
}

interface Import {
    from: string
    to: string
    /** no code is imported */
    typesOnly: boolean
}

function importsOf(path: string): Import[] {
    const text = readFileSync(join(root, path), "utf8")
    return [...text.matchAll(/(?:import|export)\s+(?:([^"']*?)\s+from\s+)?["'](\.[^"']+)["']/gs)].map((match) => {
        const to = relative(root, join(root, dirname(path), match[2].replace(/\.js$/, ".ts")))
        const names = (match[1] ?? "").replace(/[{}]/g, "").split(",")
        const typesOnly = names.every((name) => name.trim() === "" || name.trim().startsWith("type "))
        return { from: path, to, typesOnly }
    })
}

function npx(tool: string, ...args: string[]): string {
    const run = spawnSync(process.execPath, [join(root, "node_modules", tool), ...args], {
        cwd: root,
        encoding: "utf8",
    })
    return run.status === 0 ? "" : `${run.stdout}${run.stderr}`
}

describe("the sources", function () {
    // Takes minutes of a core, longer if it is shared.
    this.timeout(600000)

    it("import downwards only, along the layers' arrows", () => {
        const wrong = sources("src")
            .filter((path) => !PROGRAMS.test(path))
            .flatMap(importsOf)
            .filter(({ from, to }) => {
                const [above, below] = [layerOf(from), layerOf(to)]
                if (above === undefined || below === undefined) return false
                return LAYERS.indexOf(below) < LAYERS.indexOf(above)
            })
        strictEqual(wrong.map(({ from, to }) => `${from} -> ${to}`).join("\n"), "")
    })

    it("keep platforms out of dtls, and name no platform above it except in programs and by type", () => {
        const wrong = sources("src")
            .filter(
                (path) => !/^src\/(platform\/|index\.ts|entry\/(device|update)\.ts)/.test(path) && !PROGRAMS.test(path),
            )
            .flatMap(importsOf)
            .filter(({ from, to, typesOnly }) => {
                if (!to.startsWith("src/platform/")) return false
                return from.startsWith("src/dtls/") || to !== "src/platform/services.ts" || !typesOnly
            })
        strictEqual(wrong.map(({ from, to }) => `${from} -> ${to}`).join("\n"), "")
    })

    it("keep DTLS 1.3 in v13 folders: outside, only the package's entries, Node's connect and listen, and platforms' cryptography, which serve every version, import one", () => {
        const wrong = sources("src")
            .filter((path) => !/^src\/(platform\/node\/connect|entry)\//.test(path))
            .filter((path) => !/^src\/platform\/[a-z]+\/crypto\.ts$/.test(path))
            .flatMap(importsOf)
            .filter(({ from, to }) => to.includes("/v13/") && !from.includes("/v13/"))
        strictEqual(wrong.map(({ from, to }) => `${from} -> ${to}`).join("\n"), "")
    })

    it("have no import cycles, not even of types", () => {
        const imports = new Map(sources("src").map((path) => [path, importsOf(path).map(({ to }) => to)]))
        const circles = new Set<string>()
        const seen = new Set<string>()
        const visit = (path: string, above: string[]): void => {
            const start = above.indexOf(path)
            if (start >= 0) circles.add([...above.slice(start), path].join(" -> "))
            if (seen.has(path)) return
            seen.add(path)
            for (const next of imports.get(path) ?? []) visit(next, [...above, path])
        }
        for (const path of imports.keys()) visit(path, [])
        strictEqual([...circles].join("\n"), "")
    })

    it("import only existing files, with the .js ending", () => {
        const broken = [...sources("src"), ...sources("host"), ...sources("test")]
            .flatMap(importsOf)
            .filter(({ to }) => !existsSync(join(root, to)))
        strictEqual(broken.map(({ from, to }) => `${from} -> ${to}`).join("\n"), "")
    })

    it("let a first npm start compile the simulator before most of them are loaded", () => {
        const loaded = new Set(["host/cli/main.ts"])
        for (const path of loaded) for (const { to, typesOnly } of importsOf(path)) if (!typesOnly) loaded.add(to)
        ok(loaded.has("host/build/wasm.ts"))
        ok(loaded.size < 10, [...loaded].join("\n"))
    })

    it("have @devsWhenUsed on every class, so that images carry only the methods they use", () => {
        const bare = sources("src")
            .filter((path) => !path.startsWith("src/platform/node"))
            .flatMap((path) =>
                [
                    ...readFileSync(join(root, path), "utf8").matchAll(
                        /^((?:.*\n)?)((?:.*\n)?)(?:export )?(?:abstract )?class (\w+)/gm,
                    ),
                ]
                    .filter((match) => !`${match[1]}${match[2]}`.includes("@devsWhenUsed"))
                    .map((match) => `${path}: ${match[3]}`),
            )
        strictEqual(bare.join("\n"), "")
    })

    function typeErrors(project: string): string {
        return npx("typescript-native/bin/tsc", "--noEmit", "--pretty", "false", "-p", project)
    }

    for (const project of ["tsconfig.json", "tsconfig.build.json"])
        it(`type-check with ${project}`, () => {
            strictEqual(typeErrors(project), "")
        })

    it("type-check with tsconfig.device.json, as code that runs on a device", () => {
        cachedDeviceImage("src/sensor/main.ts") // writes the compiler's packages
        // The compiler's packages are not written for strict types: their errors and continuation lines are left out.
        const ours = typeErrors("tsconfig.device.json")
            .split("\n")
            .filter((line) => /^\S/.test(line) && !line.startsWith(".cache/"))
        strictEqual(ours.join("\n"), "")
    })

    it("pass ESLint with the rules against DeviceScript's traps", () => {
        cachedDeviceImage("src/sensor/main.ts") // writes the compiler's packages: rules ask for types
        strictEqual(
            npx("eslint/bin/eslint.js", "--max-warnings", "0", "src", "test", "host", "bench", "examples", "template"),
            "",
        )
    })

    it("are formatted by Prettier", () => {
        strictEqual(
            npx(
                "prettier/bin/prettier.cjs",
                "--check",
                "{src,test,host,bench,examples,template,create-mote-dtls}/**/*.{ts,js,mjs,cjs}",
                "eslint",
                "*.{json,mjs}",
            ),
            "",
        )
    })

    it("are formatted by clang-format", function () {
        const found = spawnSync("clang-format", ["--version"]).status === 0
        needs(this, found ? undefined : "clang-format is not installed")
        const files = readdirSync(join(root, "firmware"), { recursive: true, encoding: "utf8" })
        const sources = files.filter((name) => /\.[ch]$/.test(name)).map((name) => join(root, "firmware", name))
        const { stderr } = spawnSync("clang-format", ["--dry-run", "-Werror", ...sources], { encoding: "utf8" })
        strictEqual(stderr.slice(0, 2000), "")
    })

    it("contain no machine paths and no registry hosts", () => {
        const listed = spawnSync("git", ["ls-files"], { cwd: root, encoding: "utf8" })
            .stdout.split("\n")
            .filter(Boolean)
        ok(listed.length > 50)
        const places = ["work", "farm", "home"].map((name) => `(^|[^\\w.])/${name}/`).join("|")
        const hosts = `https?://[^ )"]*(${["regis" + "try", "py" + "pi", "deb" + "ian"].join("|")})`
        const pattern = new RegExp(`${places}|${hosts}`)
        const found = listed.filter(
            (path) => existsSync(join(root, path)) && pattern.test(readFileSync(join(root, path), "utf8")),
        )
        strictEqual(found.join("\n"), "")
    })
})
