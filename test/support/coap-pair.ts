import { CoapClient, type CoapRequest, newRequest } from "../../src/coap/client.js"
import { type CoapCode, CoapOption } from "../../src/coap/code-points.js"
import { textOption } from "../../src/coap/message.js"
import { MessageLayer } from "../../src/coap/message-layer.js"
import { type CoapParameters, defaultCoapParameters } from "../../src/coap/parameters.js"
import { type CoapHandler, CoapServer } from "../../src/coap/server.js"
import { type UdpSocket } from "../../src/platform/services.js"
import { GATEWAY } from "../../host/testing/virtual-link.js"
import { VirtualTime } from "./virtual-time.js"

/** Parameters with which a message is given up after 600 ms. */
export function quickParameters(): CoapParameters {
    return { ...defaultCoapParameters(), ackTimeout: 40, ackRandomFactor: 1, maxRetransmit: 3, responseTimeout: 200 }
}

const PORTS = { left: 1001, right: 1002 }

/** Two CoAP endpoints at the ends of a link; time passes only when a test waits. */
export class CoapPair extends VirtualTime {
    constructor(
        private change: Partial<CoapParameters> = {},
        seed = 1,
    ) {
        super(seed)
    }

    /** A socket at one end, connected to the other. */
    async socket(side: keyof typeof PORTS): Promise<UdpSocket> {
        const port = side === "left" ? PORTS.right : PORTS.left
        return await this.services.openUdp({
            remote: { address: GATEWAY, port },
            localHost: undefined,
            localPort: PORTS[side],
        })
    }

    async layer(side: keyof typeof PORTS): Promise<MessageLayer> {
        return new MessageLayer(this.services, await this.socket(side), { ...defaultCoapParameters(), ...this.change })
    }

    async client(): Promise<CoapClient> {
        return new CoapClient(await this.layer("left"))
    }

    /** Serves until its layer is closed. */
    async serve(handler: CoapHandler, understood: number[] = []): Promise<CoapServer> {
        const server = new CoapServer(await this.layer("right"), handler, understood)
        server.layer.listen()
        return server
    }
}

/** A request for a path. */
export function requestFor(code: CoapCode, path: string, payload = ""): CoapRequest {
    const request = newRequest(code)
    request.options = path.split("/").map((segment) => textOption(CoapOption.URI_PATH, segment))
    request.payload = Buffer.from(payload)
    return request
}
