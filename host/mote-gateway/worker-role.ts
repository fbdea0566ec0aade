import { FramedSocket, UsageError } from "mote-dtls/gateway"
import { type NodeServices } from "mote-dtls"
import { type SocketAddress } from "mote-dtls/gio"
import { BusyServices } from "./busy-services.js"
import { type GatewayConfig, type QueueConfig } from "./config.js"

type UdpOptions = Parameters<NodeServices["openUdp"]>[0]
type UdpSocket = Awaited<ReturnType<NodeServices["openUdp"]>>

/** Where a listener's datagrams come from. */
export interface Link {
    /** of the front, on loopback */
    port: number
    /** on which the front listens */
    address: SocketAddress
}

/** One of several processes that serve the same ports. */
export interface WorkerRole {
    /** from 0 */
    index: number
    count: number
    /** one for each listener, in the order of the configuration */
    links: Link[]
}

/** The role of this process, which its parent tells; undefined: it is no worker. */
export function workerRole(): WorkerRole | undefined {
    const text = process.env["MOTE_GATEWAY_WORKER"]
    return text === undefined ? undefined : (JSON.parse(text) as WorkerRole)
}

/** The services of a worker: its listeners have sockets towards the front. */
export class WorkerServices extends BusyServices {
    readonly ports: number[] = []

    constructor(
        log: ConstructorParameters<typeof NodeServices>[0],
        private role: WorkerRole,
    ) {
        super(log)
    }

    override async openUdp(_options: UdpOptions): Promise<UdpSocket> {
        const link = this.role.links[this.ports.length]
        if (link === undefined) throw new UsageError("listen: with workers it counts from the next start on")
        const remote = { address: "127.0.0.1", port: link.port }
        const socket = await super.openUdp({ remote, localHost: undefined, localPort: 0 })
        this.ports.push(socket.localAddress().port)
        return new FramedSocket(socket, link.address)
    }
}

/** What is one worker's: its share of the limits, and files of its own. */
export function configOf(config: GatewayConfig, { index, count }: WorkerRole): GatewayConfig {
    const own = (path: string): string => `${path}.worker${index}`
    const share = (limit: number): number => Math.ceil(limit / count)
    const queueOf = (queue: QueueConfig): QueueConfig =>
        queue.folder === undefined ? queue : { ...queue, folder: own(queue.folder) }
    const { files, mqtt, webhooks, stdout } = config.sinks
    return {
        ...config,
        operations: undefined,
        limits: { ...config.limits, peers: share(config.limits.peers ?? 10000) },
        associations: config.associations && { ...config.associations, file: own(config.associations.file) },
        sinks: {
            stdout,
            files: files.map((file) => ({ ...file, path: own(file.path) })),
            mqtt: mqtt.map((broker) => ({
                ...broker,
                ...(broker.clientId !== undefined && { clientId: `${broker.clientId}-${index}` }),
                queue: queueOf(broker.queue),
            })),
            webhooks: webhooks.map((hook) => ({ ...hook, queue: queueOf(hook.queue) })),
        },
    }
}
