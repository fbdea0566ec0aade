import { Front } from "../../host/mote-gateway/front.js"
import { gatewayServices } from "../../host/mote-gateway/listeners.js"
import { GatewayService } from "../../host/mote-gateway/service.js"
import { type WorkerServices } from "../../host/mote-gateway/worker-role.js"
import { type RunningGateway } from "./running-gateway.js"

/** All workers of one gateway in this process; workers.spec.ts tests them as separate processes. */
export class WorkersHere {
    readonly services: GatewayService[] = []

    private constructor(private front: Front) {}

    /** @param gateway whose configuration and log they use */
    static async start(gateway: RunningGateway, count: number): Promise<WorkersHere> {
        const { log } = gateway
        const path = gateway.path("gateway.json")
        const failed = (error: Error): void => {
            throw error
        }
        const listen = { host: "127.0.0.1", port: 0, fd: undefined }
        const front = await Front.open(gatewayServices(log), listen, count, failed)
        const workers = new WorkersHere(front)
        for (let index = 0; index < count; index++) {
            const role = { index, count, links: [{ port: front.linkPort(index), address: front.localAddress() }] }
            const named = log.child({ worker: index })
            const services = gatewayServices(named, role) as WorkerServices
            workers.services.push(await GatewayService.start(path, named, failed, { role, services }))
            front.connect(index, services.ports[0])
        }
        return workers
    }

    get port(): number {
        return this.front.localAddress().port
    }

    async stop(): Promise<void> {
        await Promise.all(this.services.map(async (service) => await service.stop()))
        this.front.close()
    }
}
