import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process"
import { join } from "node:path"
import { root } from "../../host/build/device.js"

interface Message {
    type: string
    request_seq?: number
    success?: boolean
    message?: string
    body?: unknown
}

/** TypeScript's language server, used like by editors: one JSON message per line in, headers and JSON out. */
export class TypeServer {
    private process: ChildProcessWithoutNullStreams
    private sequence = 0
    private received = Buffer.alloc(0)
    private waiting = new Map<number, (message: Message) => void>()

    constructor() {
        const server = join(root, "node_modules", "typescript", "lib", "tsserver.js")
        const options = ["--disableAutomaticTypingAcquisition", "--suppressDiagnosticEvents"]
        this.process = spawn(process.execPath, [server, ...options], { cwd: root })
        this.process.stdout.on("data", (chunk: Buffer) => this.receive(chunk))
    }

    /** Opens a file. @returns its errors, and the project that it was assigned to */
    async check(path: string): Promise<{ errors: string[]; project: string }> {
        const file = join(root, path)
        this.send("open", { file })
        const syntactic = await this.ask("syntacticDiagnosticsSync", { file })
        const semantic = await this.ask("semanticDiagnosticsSync", { file })
        const info = await this.ask("projectInfo", { file, needFileNameList: false })
        const found = [...(syntactic as { text: string }[]), ...(semantic as { text: string }[])]
        return { errors: found.map(({ text }) => text), project: (info as { configFileName: string }).configFileName }
    }

    close(): void {
        this.process.kill()
    }

    private send(command: string, args: object): number {
        const seq = ++this.sequence
        this.process.stdin.write(`${JSON.stringify({ seq, type: "request", command, arguments: args })}\n`)
        return seq
    }

    private async ask(command: string, args: object): Promise<unknown> {
        const seq = this.send(command, args)
        const answer = await new Promise<Message>((resolve) => this.waiting.set(seq, resolve))
        if (answer.success !== true) throw new Error(`${command}: ${answer.message}`)
        return answer.body
    }

    private receive(chunk: Buffer): void {
        this.received = Buffer.concat([this.received, chunk])
        for (let message = this.next(); message !== undefined; message = this.next())
            if (message.request_seq !== undefined) {
                this.waiting.get(message.request_seq)?.(message)
                this.waiting.delete(message.request_seq)
            }
    }

    /** The next complete message. Content-Length counts bytes. */
    private next(): Message | undefined {
        const header = /^Content-Length: (\d+)\r?\n\r?\n/.exec(this.received.toString("latin1"))
        if (header === null) return undefined
        const end = header[0].length + Number(header[1])
        if (this.received.length < end) return undefined
        const text = this.received.toString("utf8", header[0].length, end)
        this.received = this.received.subarray(end)
        // A line feed after the message may arrive separately.
        while (this.received[0] === 10 || this.received[0] === 13) this.received = this.received.subarray(1)
        return JSON.parse(text) as Message
    }
}
