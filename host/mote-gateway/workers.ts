import { type ChildProcess, fork } from "node:child_process"
import { once } from "node:events"
import { AggregatorRegistry } from "prom-client"
import { addressText, UsageError } from "mote-dtls/gateway"
import { type NodeServices } from "mote-dtls"
import { type GatewayConfig } from "./config.js"
import { Front } from "./front.js"
import { gatewayServices } from "./listeners.js"
import { type Log } from "./log.js"
import { type Operated, type Status, sumOf } from "./operated.js"
import { Operations } from "./operations.js"
import { type Order, type Question, type Report } from "./worker.js"
import { type WorkerRole } from "./worker-role.js"

/** How long a worker may take for an answer, ms. */
const PATIENCE = 5000

/** One process, as the main one sees it. */
class Worker {
    private asked = new Map<number, (value: unknown) => void>()
    private count = 0
    readonly ended: Promise<number>

    private constructor(
        private process: ChildProcess,
        readonly index: number,
    ) {
        this.ended = once(process, "exit").then(([code]) => (code as number | null) ?? 1)
        process.on("message", ({ answer }: Report) => {
            if (answer !== undefined) this.asked.get(answer.number)?.(answer.value)
        })
    }

    /** Resolves when it serves. Throws UsageError or Error as it says. @returns it, and ports of its sockets */
    static async start(path: string, role: WorkerRole): Promise<{ worker: Worker; ports: number[] }> {
        const env: NodeJS.ProcessEnv = { ...process.env, MOTE_GATEWAY_WORKER: JSON.stringify(role) }
        // The main process alone speaks with systemd.
        delete env["NOTIFY_SOCKET"]
        const child = fork(process.argv[1], ["--config", path], { env })
        const worker = new Worker(child, role.index)
        const first = once(child, "message").then(([report]) => report as Report)
        const { ready, error } = await Promise.race([first, worker.ended.then((): Report => ({}))])
        if (ready !== undefined) return { worker, ports: ready }
        const message = error?.message ?? `worker ${role.index} ended before it served`
        throw error?.isUsage === false ? new Error(message) : new UsageError(message)
    }

    order(order: Order): void {
        if (this.process.connected) this.process.send(order)
    }

    /** Throws Error when it does not answer. */
    async ask<T>(what: Question): Promise<T> {
        const number = ++this.count
        let timer: NodeJS.Timeout | undefined
        const late = new Promise<never>((_resolve, reject) => {
            timer = setTimeout(() => reject(new Error(`worker ${this.index} does not answer`)), PATIENCE)
        })
        const answer = new Promise<unknown>((resolve) => this.asked.set(number, resolve))
        this.order({ ask: { number, what } })
        try {
            return (await Promise.race([answer, late])) as T
        } finally {
            clearTimeout(timer)
            this.asked.delete(number)
        }
    }
}

/** The main process of a gateway with workers: it has the ports, and what is to be seen of all of them. */
export class WorkersService {
    private workers: Worker[] = []
    private fronts: Front[] = []
    private operations: Operations | undefined
    private stopping = false

    private constructor(
        private log: Log,
        private failed: (error: Error) => void,
    ) {}

    /** Throws UsageError, GError, and Error when a worker fails. @param failed told when it can serve no more */
    static async start(
        path: string,
        config: GatewayConfig,
        log: Log,
        failed: (error: Error) => void,
    ): Promise<WorkersService> {
        const service = new WorkersService(log, failed)
        try {
            await service.openFronts(gatewayServices(log), config)
            await service.startWorkers(path, config.workers)
            const { operations } = config
            service.operations = operations && (await Operations.listen(operations.port, service.operated()))
        } catch (error) {
            await service.stop()
            throw error
        }
        for (const front of service.fronts) log.info(`listening on ${addressText(front.localAddress())}`)
        log.info(`${config.workers} workers serve`)
        return service
    }

    private async openFronts(services: NodeServices, { listen, workers }: GatewayConfig): Promise<void> {
        for (const one of listen) this.fronts.push(await Front.open(services, one, workers, this.failed))
    }

    private async startWorkers(path: string, count: number): Promise<void> {
        const started = await Promise.allSettled(
            Array.from({ length: count }, (_, index) => this.startWorker(path, index, count)),
        )
        const failure = started.find((result) => result.status === "rejected")
        if (failure !== undefined) throw failure.reason
    }

    private async startWorker(path: string, index: number, count: number): Promise<void> {
        const links = this.fronts.map((front) => ({ port: front.linkPort(index), address: front.localAddress() }))
        const { worker, ports } = await Worker.start(path, { index, count, links })
        for (const [at, port] of ports.entries()) this.fronts[at].connect(index, port)
        this.workers.push(worker)
        void worker.ended.then((code) => {
            if (!this.stopping) this.failed(new Error(`worker ${index} ended with exit code ${code}`))
        })
    }

    /** Ports of the listeners. */
    addresses(): string[] {
        return this.fronts.map((front) => addressText(front.localAddress()))
    }

    operationsPort(): number | undefined {
        return this.operations?.port
    }

    private async askAll<T>(what: Question): Promise<T[]> {
        return await Promise.all(this.workers.map((worker) => worker.ask<T>(what)))
    }

    private operated(): Operated {
        return {
            counters: async () => (await this.askAll<object[]>("counters")).flat(),
            metrics: async () => {
                const all = await this.askAll<object[]>("counters")
                const registry = AggregatorRegistry.aggregate(all)
                return { type: registry.contentType, body: await registry.metrics() }
            },
            status: async () => sumOf(await this.askAll<Status>("status")),
            full: async () => (await this.askAll<string[]>("full")).flat(),
        }
    }

    reload(): void {
        for (const worker of this.workers) worker.order({ reload: true })
    }

    /** Every worker ends in order; until then its datagrams find their way. */
    async stop(): Promise<void> {
        this.stopping = true
        await this.operations?.close()
        for (const worker of this.workers) worker.order({ stop: true })
        const codes = await Promise.all(this.workers.map((worker) => worker.ended))
        for (const [index, code] of codes.entries())
            if (code !== 0) this.log.error(`worker ${index} ended with exit code ${code}`)
        for (const front of this.fronts) front.close()
    }
}
