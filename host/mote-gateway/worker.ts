import { errorText, UsageError } from "mote-dtls/gateway"
import { gatewayServices } from "./listeners.js"
import { type Log } from "./log.js"
import { type Operated } from "./operated.js"
import { GatewayService } from "./service.js"
import { watchSources } from "./watch.js"
import { type WorkerRole, type WorkerServices } from "./worker-role.js"

/** What the main process asks of a worker. */
export type Question = keyof Operated

/** From the main process. */
export interface Order {
    stop?: true
    reload?: true
    ask?: { number: number; what: Question }
}

/** To the main process. */
export interface Report {
    /** it serves; ports of its sockets, as `links` has them */
    ready?: number[]
    answer?: { number: number; value: unknown }
    error?: { message: string; isUsage: boolean }
}

/** Serves until the main process orders to stop, or is gone. */
export async function runWorker(path: string, log: Log, role: WorkerRole): Promise<void> {
    const report = (report: Report): void => void process.send?.(report)
    // A terminal and systemd signal every process: the main one says when it is time.
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => undefined)
    const named = log.child({ worker: role.index })
    const services = gatewayServices(named, role)
    try {
        const failed = (error: Error): void => {
            named.error(`a socket failed: ${errorText(error)}`)
            process.exit(1)
        }
        const service = await GatewayService.start(path, named, failed, { role, services })
        obey(service, report, await watchSources(service))
        report({ ready: (services as WorkerServices).ports })
    } catch (error) {
        report({ error: { message: errorText(error), isUsage: error instanceof UsageError } })
        process.disconnect()
        process.exitCode = 1
    }
}

function obey(service: GatewayService, report: (report: Report) => void, unwatch: () => Promise<void>): void {
    let stopping: Promise<unknown> | undefined
    const stop = (): void => {
        stopping ??= Promise.all([unwatch(), service.stop()]).finally(() => process.exit())
    }
    process.on("disconnect", stop)
    process.on("message", ({ stop: stops, reload, ask }: Order) => {
        if (stops === true) stop()
        if (reload === true) void service.reload()
        if (ask === undefined) return
        const { number, what } = ask
        void service
            .operated()
            [what]()
            .then((value) => report({ answer: { number, value } }))
    })
}
