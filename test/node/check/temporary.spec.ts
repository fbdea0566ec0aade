import { deepStrictEqual, ok, strictEqual } from "node:assert/strict"
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { hostname } from "node:os"
import { join } from "node:path"
import { root } from "../../../host/build/device.js"
import { temporaryFolder } from "../../../host/temporary.js"
import { mote, sleep } from "../../interop/process.js"

/** A separate temporary directory for the test, to see what is left in it. */
class TemporaryDirectory {
    readonly path = temporaryFolder("directory")

    entries(): string[] {
        return readdirSync(this.path)
    }

    run(command: string[]): ChildProcess {
        const [program, ...args] = command as [string, ...string[]]
        const env = { ...process.env, TMPDIR: this.path }
        return spawn(program, args, { cwd: root, env, stdio: ["ignore", "pipe", "inherit"], detached: true })
    }

    async untilFilled(): Promise<void> {
        for (let i = 0; i < 3000 && this.entries().length === 0; i++) await sleep(10)
        ok(this.entries().length > 0, "the command made no temporary folder")
    }
}

const owner = (ending: string): string[] => [
    ...[process.execPath, "--import", "./host/build/tsx.mjs", "test/support/temporary-owner.ts"],
    ending,
]

/** Starts a process with a temporary folder. @returns it and that folder */
async function started(
    directory: TemporaryDirectory,
    ending: string,
): Promise<{ child: ChildProcess; folder: string }> {
    const child = directory.run(owner(ending))
    const [chunk] = (await once(child.stdout as NodeJS.ReadableStream, "data")) as [Buffer]
    return { child, folder: chunk.toString().trim() }
}

describe("temporary folders", function () {
    this.timeout(120000)

    it("are removed when their process exits", async () => {
        const directory = new TemporaryDirectory()
        const { child, folder } = await started(directory, "exit")
        ok(folder.startsWith(directory.path))
        await once(child, "exit")
        deepStrictEqual(directory.entries(), [])
    })

    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
        it(`are removed after ${signal}, which still ends the process`, async () => {
            const directory = new TemporaryDirectory()
            const { child, folder } = await started(directory, "wait")
            ok(existsSync(folder))
            child.kill(signal)
            deepStrictEqual(await once(child, "exit"), [null, signal])
            deepStrictEqual(directory.entries(), [])
        })

    it("leave a signal to a command that handles it", async () => {
        const directory = new TemporaryDirectory()
        const { child } = await started(directory, "handle")
        child.kill("SIGTERM")
        deepStrictEqual(await once(child, "exit"), [7, null])
        deepStrictEqual(directory.entries(), [])
    })

    it("stay while their owner lives, whichever process starts meanwhile; a killed owner's are removed, other folders are not", async () => {
        const directory = new TemporaryDirectory()
        const living = await started(directory, "wait")
        const killed = await started(directory, "wait")
        killed.child.kill("SIGKILL")
        await once(killed.child, "exit")
        for (const name of ["mote-notes", `mote-${hostname()}-x-1`]) mkdirSync(join(directory.path, name))
        ok(existsSync(killed.folder))
        await once((await started(directory, "exit")).child, "exit")
        ok(!existsSync(killed.folder))
        ok(existsSync(living.folder))
        living.child.kill()
        await once(living.child, "exit")
        deepStrictEqual(directory.entries().sort(), ["mote-notes", `mote-${hostname()}-x-1`].sort())
    })

    it("of a command that was killed while it compiled are removed when the next command starts", async () => {
        const directory = new TemporaryDirectory()
        const program = join(temporaryFolder("program"), "program.ts")
        writeFileSync(program, 'console.log("hello")\n')
        const command = directory.run(mote("sim", program))
        await directory.untilFilled()
        // Kills the process group, which includes the compiler as a child process.
        process.kill(-(command.pid as number), "SIGKILL")
        await once(command, "exit")
        strictEqual(directory.entries().length, 1)
        await once(directory.run(mote("--help")), "exit")
        deepStrictEqual(directory.entries(), [])
    })

    it("are made in one place only", () => {
        const making = new RegExp(`\\b(${["mkdtemp", "mkdtempSync", "tmpdir"].join("|")})\\(`)
        const makers = ["host", "test", "bench"].flatMap((folder) =>
            readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
                .filter((name) => /\.([cm]?ts|[cm]js)$/.test(name) && !name.includes("node_modules"))
                .map((name) => join(folder, name))
                .filter((path) => making.test(readFileSync(join(root, path), "utf8"))),
        )
        deepStrictEqual(makers, [join("host", "temporary.ts")])
    })
})
