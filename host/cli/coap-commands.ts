/* mote get|put|post|delete|fetch|observe: one CoAP request over DTLS, like libcoap's coap-client. */
import { type Command } from "commander"
import { readFileSync } from "node:fs"
import { blockSizeUpTo } from "../../src/coap/blocks.js"
import { type BlockProgress, type BlockSettings, BlockTransfer } from "../../src/coap/block-transfer.js"
import { type CoapRequest, newRequest } from "../../src/coap/client.js"
import { CoapCode, CoapOption, codeText, ContentFormat } from "../../src/coap/code-points.js"
import { type CoapMessage, textOption, uintOption, uintOptionOf } from "../../src/coap/message.js"
import { Observation } from "../../src/coap/observation.js"
import { defaultCoapParameters } from "../../src/coap/parameters.js"
import { type CoapUri, parseCoapsUri } from "../../src/coap/uri.js"
import { type Cancellable } from "../../src/gio/cancellable.js"
import { type CoapsSession } from "../../src/sensor/session.js"
import { UsageError } from "../credentials.js"
import { addCertificateOptions } from "./certificate-options.js"
import { inSession } from "./coaps-session.js"
import { exiting } from "./exit-code.js"
import { addConnectionOptions, type ConnectionOptions } from "./options.js"
import { whole } from "./parsers.js"
import { Reporter } from "./reporter.js"

/** Largest body to receive, bytes. */
const LARGEST_BODY = 16 * 1024 * 1024

/** Interval of progress lines for people, ms. */
export const PROGRESS_INTERVAL = 1000

interface CoapOptions extends ConnectionOptions {
    payload?: string
    file?: string
    /** Content-Format number */
    format?: number
    accept?: number
    /** largest block, bytes */
    block: number
    non?: boolean
    raw?: boolean
    /** notifications to wait for; 0: no limit */
    count?: number
}

interface Method {
    name: string
    code: CoapCode
    summary: string
    hasBody: boolean
}

const METHODS: Method[] = [
    { name: "get", code: CoapCode.GET, summary: "get a resource of a CoAPs server", hasBody: false },
    { name: "put", code: CoapCode.PUT, summary: "put a body to a resource", hasBody: true },
    { name: "post", code: CoapCode.POST, summary: "post a body to a resource", hasBody: true },
    { name: "delete", code: CoapCode.DELETE, summary: "delete a resource", hasBody: false },
    {
        name: "fetch",
        code: CoapCode.FETCH,
        summary: "get the part of a resource that a body describes (RFC 8132)",
        hasBody: true,
    },
    {
        name: "observe",
        code: CoapCode.GET,
        summary: "get a resource and every change of it (RFC 7641)",
        hasBody: false,
    },
]

export function addCoapCommands(program: Command): void {
    for (const method of METHODS) addCoapCommand(program, method)
}

function addCoapCommand(program: Command, method: Method): void {
    const { name, summary, hasBody } = method
    const command = program
        .command(name)
        .summary(summary)
        .description(
            "Works like libcoap's coap-client: prints the body of the response on standard output and its code on standard " +
                "error. Bodies of any length are transferred in blocks (RFC 7959). For a response of class 4 or 5 the exit code is 1.",
        )
        .argument("<URI>", "coaps://HOST[:PORT]/PATH[?QUERY]")
        .option("--block <BYTES>", "largest block, 16 to 1024, a power of two", blockSize, 1024)
        .option("--accept <NUMBER>", "Content-Format to ask for", whole("--accept", 0, 65535))
        .option("--non", "send non-confirmable messages")
        .option(
            "--raw",
            "print bodies byte for byte, with nothing in between; for programs, since a terminal may act on them",
        )
    if (hasBody)
        command
            .option("-e, --payload <TEXT>", "the body to send")
            .option("-f, --file <FILE>", "file with the body to send; - is standard input")
            .option("--format <NUMBER>", "Content-Format of the body", whole("--format", 0, 65535))
    if (name === "observe")
        command.option("--count <N>", "end after N states (0: never)", whole("--count", 0, 999999999), 0)
    const example = `  mote ${name} coaps://127.0.0.1/room --psk sensor1:00112233445566778899aabbccddeeff`
    addCertificateOptions(command, "client")
    addConnectionOptions(command, hasBody ? `${example} -e 21.5` : example).action(
        exiting((uri: string, options: CoapOptions) => coapCommand(method, uri, options)),
    )
}

/** --block */
export function blockSize(given: string): number {
    const size = whole("--block", 16, 1024)(given)
    if (blockSizeUpTo(size) !== size) throw new UsageError("--block: 16, 32, 64, 128, 256, 512 or 1024")
    return size
}

async function coapCommand(method: Method, uri: string, options: CoapOptions): Promise<number> {
    const target = parseCoapsUri(uri)
    const request = requestOf(method.code, target, options)
    const reporter = new Reporter(options)
    const parameters = { ...defaultCoapParameters(), maxMessage: 2048 }
    return await inSession({ target, reporter, options, parameters }, async (session, stopping) => {
        const asking = new Asking(session, request, options, reporter, stopping)
        return method.name === "observe" ? await asking.observe(options.count ?? 0) : await asking.ask()
    })
}

function requestOf(code: CoapCode, target: CoapUri, options: CoapOptions): CoapRequest {
    const request = newRequest(code)
    request.confirmable = options.non !== true
    request.payload = payloadOf(options)
    request.options = [
        ...target.path.map((segment) => textOption(CoapOption.URI_PATH, segment)),
        ...target.query.map((part) => textOption(CoapOption.URI_QUERY, part)),
    ]
    if (options.format !== undefined) request.options.push(uintOption(CoapOption.CONTENT_FORMAT, options.format))
    if (options.accept !== undefined) request.options.push(uintOption(CoapOption.ACCEPT, options.accept))
    return request
}

function payloadOf({ payload, file }: CoapOptions): Buffer {
    if (payload !== undefined && file !== undefined) throw new UsageError("--payload or --file, not both")
    if (file === undefined) return Buffer.from(payload ?? "")
    try {
        return readFileSync(file === "-" ? 0 : file)
    } catch (error) {
        throw new UsageError(`--file: cannot read it (${(error as NodeJS.ErrnoException).code ?? "error"})`)
    }
}

/** One request of the command line in its session. */
class Asking {
    private settings: BlockSettings
    private reportedAt = performance.now()

    constructor(
        private session: CoapsSession,
        private request: CoapRequest,
        options: CoapOptions,
        private reporter: Reporter,
        private stopping: Cancellable,
    ) {
        const progress = (now: BlockProgress): void => this.report(now)
        this.settings = { size: options.block, limit: LARGEST_BODY, progress }
    }

    async ask(): Promise<number> {
        const transfer = new BlockTransfer(this.request, this.settings)
        return this.tell(await transfer.run(this.session.coap, this.stopping))
    }

    /** @param count 0: until it is stopped @returns exit code */
    async observe(count: number): Promise<number> {
        const { coap } = this.session
        const request = { ...this.request, understood: [CoapOption.BLOCK2] }
        const observation = new Observation(coap, request)
        for (let told = 0; count === 0 || told < count; told++) {
            const first = await observation.next(this.stopping)
            const transfer = new BlockTransfer(request, this.settings)
            const code = this.tell(await transfer.complete(coap, first, this.stopping))
            if (code !== 0) return code
            if (told === 0 && !observation.isObserved()) this.reporter.note("the server does not notify: asking again")
        }
        await observation.cancel(this.stopping)
        return 0
    }

    /** @returns exit code */
    private tell(response: CoapMessage): number {
        const { code, payload } = response
        const format = uintOptionOf(response, CoapOption.CONTENT_FORMAT, ContentFormat.TEXT)
        const failed = code >= CoapCode.BAD_REQUEST
        if (this.reporter.json) {
            const body = { text: payload.toString(), hex: payload.toString("hex") }
            this.reporter.event("", { event: "response", code: codeText(code), format, ...body })
            return failed ? 1 : 0
        }
        this.reporter.note(codeText(code))
        if (payload.length > 0) this.reporter.message("server", payload)
        return failed ? 1 : 0
    }

    /** Reports the progress of transfers in several blocks: after each block for programs, at intervals for people. */
    private report({ sent, toSend, received, toReceive }: BlockProgress): void {
        if (this.reporter.json) return this.reporter.event("", { event: "progress", sent, toSend, received, toReceive })
        const now = performance.now()
        if (now - this.reportedAt < PROGRESS_INTERVAL) return
        this.reportedAt = now
        const of = toReceive < 0 ? "" : ` of ${toReceive}`
        this.reporter.note(received > 0 ? `received ${received}${of} bytes` : `sent ${sent} of ${toSend} bytes`)
    }
}
