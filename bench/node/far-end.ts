import { type ChildProcess, spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import { root } from "../../host/folders.js"
import { temporaryFolder } from "../../host/temporary.js"
import { freePort } from "../../test/interop/process.js"

const folder = temporaryFolder("bench-node")
const program = join(folder, "server")

function must(command: string, ...args: string[]): void {
    const { status, stderr, error } = spawnSync(command, args, { encoding: "utf8" })
    if (status !== 0) throw new Error(`${command}: ${error?.message ?? stderr}`)
}

/** Compiles bench/node/server.c, which needs libssl-dev, and makes a certificate for stacks without pre-shared keys. */
export function prepareFarEnd(): void {
    const source = join(root, "bench", "node", "server.c")
    must("gcc", "-std=gnu11", "-O2", source, "-o", program, "-lssl", "-lcrypto")
    const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
    const out = ["-keyout", join(folder, "key.pem"), "-out", join(folder, "certificate.pem")]
    must("openssl", "req", "-x509", "-nodes", ...curve, ...out, "-subj", "/CN=bench")
}

/** The server program with one suite, in a process of its own. */
export class FarEnd {
    private constructor(
        readonly port: number,
        private process: ChildProcess,
    ) {}

    /** @param suite OpenSSL's name, or "udp" */
    static async start(suite: string): Promise<FarEnd> {
        const port = await freePort()
        const certificate = suite.startsWith("ECDHE") ? ["certificate.pem", "key.pem"] : []
        const child = spawn(program, [String(port), suite, ...certificate], {
            cwd: folder,
            stdio: ["ignore", "pipe", "inherit"],
        })
        const ended = once(child, "exit").then(() => {
            throw new Error("the server program ended before it served")
        })
        // It is ready once its socket is open.
        await Promise.race([once(child.stdout, "data"), ended])
        return new FarEnd(port, child)
    }

    stop(): void {
        this.process.kill()
    }
}
