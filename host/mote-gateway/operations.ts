import { readFileSync } from "node:fs"
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import { createRequire } from "node:module"
import { join } from "node:path"
import { errorText, UsageError } from "mote-dtls/gateway"
import { packageFolder } from "./config.js"
import { type Operated } from "./operated.js"

interface Answer {
    status: number
    type: string
    body: string
}

const uplot = (file: string): string => createRequire(import.meta.url).resolve(`uplot/dist/${file}`)

/** Files of the page, by path. */
const FILES: Record<string, [string, string]> = {
    "/": ["text/html; charset=utf-8", join(packageFolder, "page", "index.html")],
    "/page.js": ["text/javascript; charset=utf-8", join(packageFolder, "page", "page.js")],
    "/page.css": ["text/css; charset=utf-8", join(packageFolder, "page", "page.css")],
    "/uplot.js": ["text/javascript; charset=utf-8", uplot("uPlot.esm.js")],
    "/uplot.css": ["text/css; charset=utf-8", uplot("uPlot.min.css")],
}

/** Names by which a browser on this machine asks: a page elsewhere must not read this one by a name of its own (DNS rebinding). */
const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$/

/** `/metrics`, `/healthz` and the page, for this machine only. */
export class Operations {
    private constructor(private server: Server) {}

    /** Throws UsageError when the port is taken. */
    static async listen(port: number, operated: Operated): Promise<Operations> {
        const server = createServer((request, response) => void answer(request, response, operated))
        await new Promise<void>((resolve, reject) => {
            server.once("error", ({ code = "error" }: NodeJS.ErrnoException) =>
                reject(
                    new UsageError(
                        `operations.port: cannot listen on 127.0.0.1:${port} (${code}); choose another port`,
                    ),
                ),
            )
            server.listen(port, "127.0.0.1", resolve)
        })
        return new Operations(server)
    }

    get port(): number {
        return (this.server.address() as { port: number }).port
    }

    async close(): Promise<void> {
        const closed = new Promise((resolve) => this.server.close(resolve))
        this.server.closeAllConnections()
        await closed
    }
}

async function answer(request: IncomingMessage, response: ServerResponse, operated: Operated): Promise<void> {
    const { status, type, body } = await answerTo(request, operated).catch(failed)
    response.writeHead(status, {
        "content-type": type,
        "cache-control": "no-store",
        "content-security-policy": "default-src 'self'; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'",
        "x-content-type-options": "nosniff",
    })
    response.end(request.method === "HEAD" ? "" : body)
}

async function answerTo({ method, url = "/", headers }: IncomingMessage, operated: Operated): Promise<Answer> {
    if (!LOOPBACK.test(headers.host ?? "")) return plain(403, "ask for localhost or 127.0.0.1")
    if (method !== "GET" && method !== "HEAD") return plain(405, "GET and HEAD only")
    const path = url.replace(/\?.*$/, "")
    if (path === "/healthz") return await health(operated)
    if (path === "/status.json") return json(200, await operated.status())
    if (path === "/metrics") return { status: 200, ...(await operated.metrics()) }
    if (!Object.hasOwn(FILES, path)) return plain(404, "there are /, /metrics, /healthz and /status.json")
    const [type, file] = FILES[path]
    return { status: 200, type, body: readFileSync(file, "utf8") }
}

/** A worker does not answer, or there is a defect. */
function failed(error: unknown): Answer {
    return plain(503, errorText(error))
}

function plain(status: number, text: string): Answer {
    return { status, type: "text/plain; charset=utf-8", body: `${text}\n` }
}

function json(status: number, value: object): Answer {
    return { status, type: "application/json", body: `${JSON.stringify(value)}\n` }
}

/** 503 while a sink takes nothing, with its name. */
async function health(operated: Operated): Promise<Answer> {
    const full = await operated.full()
    return full.length === 0 ? json(200, { status: "ok" }) : json(503, { status: "full", sinks: full })
}
