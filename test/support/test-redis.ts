import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { rmSync } from "node:fs"
import { connect } from "node:net"
import { setTimeout as sleep } from "node:timers/promises"
import { temporaryFolder } from "../../host/temporary.js"
import { freeTcpPort } from "../interop/process.js"

/** A redis-server for the tests, which saves its data when asked to, and when it ends. */
export class TestRedis {
    readonly folder = temporaryFolder("redis")
    private server: ChildProcess | undefined

    private constructor(readonly port: number) {}

    static async start(): Promise<TestRedis> {
        const redis = new TestRedis(await freeTcpPort())
        await redis.run()
        return redis
    }

    get url(): string {
        return `redis://127.0.0.1:${this.port}`
    }

    /** Starts with the data in its folder. */
    async run(): Promise<void> {
        const options = ["--port", `${this.port}`, "--bind", "127.0.0.1", "--dir", this.folder, "--save", ""]
        this.server = spawn("redis-server", options, { stdio: "ignore" })
        for (let tries = 0; tries < 500; tries++) {
            if (await answers(this.port)) return
            await sleep(10)
        }
        throw new Error("redis-server does not answer")
    }

    /** Ends at once, as in a power cut. */
    async kill(): Promise<void> {
        const { server } = this
        if (server === undefined) return
        server.kill("SIGKILL")
        await once(server, "exit")
    }

    async end(): Promise<void> {
        await this.kill()
        rmSync(this.folder, { recursive: true, force: true })
    }
}

async function answers(port: number): Promise<boolean> {
    const socket = connect(port, "127.0.0.1")
    try {
        await once(socket, "connect")
        return true
    } catch {
        return false
    } finally {
        socket.destroy()
    }
}
