import { CoapCode, CoapType } from "../../src/coap/code-points.js"
import { readCoapMessage, writeCoapMessage } from "../../src/coap/message.js"
import { type DtlsServer, type DtlsSocket, listen } from "../../src/index.js"

/** The sensor's pre-shared key, in hexadecimal. */
export const SLEEPER_KEY = "000102030405060708090a0b0c0d0e0f"

/**
 * A gateway that records what it receives: message ids of readings that want no answer, and the number of those that
 * want one.
 */
export class SleeperGateway {
    handshakes = 0
    told = new Set<number>()
    confirmed = 0

    private constructor(private server: DtlsServer) {}

    /** @param maxVersion newest version that it supports */
    static async open(host = "127.0.0.1", maxVersion: "1.2" | "1.3" = "1.2"): Promise<SleeperGateway> {
        const psk = { identity: "sensor1", key: Buffer.from(SLEEPER_KEY, "hex") }
        const gateway = new SleeperGateway(await listen(0, { psk, connectionId: 8, maxVersion }, host))
        void gateway.serve()
        return gateway
    }

    get port(): number {
        return this.server.port
    }

    private async serve(): Promise<void> {
        for await (const client of this.server) {
            this.handshakes++
            void this.answer(client)
        }
    }

    private async answer(client: DtlsSocket): Promise<void> {
        for await (const bytes of client) {
            const message = readCoapMessage(bytes, bytes.length)
            if (message === undefined) continue
            if (message.type === CoapType.NON) this.told.add(message.messageId)
            else if (message.type === CoapType.CON) {
                this.confirmed++
                const { messageId, token } = message
                const payload = Buffer.alloc(0)
                const answer = { type: CoapType.ACK, code: CoapCode.CHANGED, messageId, token, options: [], payload }
                await client.send(writeCoapMessage(answer))
            }
        }
    }

    async close(): Promise<void> {
        await this.server.close()
    }
}
