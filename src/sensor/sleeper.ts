import { CoapClient, type CoapRequest } from "../coap/client.js"
import { CoapCode, CoapOption, CoapType, codeText } from "../coap/code-points.js"
import { uintOption, writeCoapMessage } from "../coap/message.js"
import { MessageLayer } from "../coap/message-layer.js"
import { readUint, writeUint } from "../dtls/bytes/integers.js"
import { concat, copyOf, wipe } from "../dtls/bytes/bytes.js"
import { HashAlgorithm } from "../dtls/crypto/algorithms.js"
import { type Aead, type CryptoProvider } from "../dtls/crypto/provider.js"
import { OutputMessage } from "../gio/datagram-based.js"
import { type DtlsClientConnection } from "../gio/dtls-client-connection.js"
import { LogLevel } from "../gio/log-level.js"
import { type Services } from "../platform/services.js"
import { type ReadingSource, type Sample } from "./reading.js"
import { sampleRequest } from "./request.js"
import { type SensorConfig } from "./sensor.js"

/**
 * Name of the storage entry: number of wakes (4 bytes), number of unanswered requests (1), then the exported
 * association.
 */
const SESSION = "session"
const FAILURES_AT = 4
const SAVED_AT = 5

/** No response of classes 2, 4 and 5 (RFC 7967 §2.1). */
const NO_RESPONSE_AT_ALL = 26

/** Consecutive unanswered requests after which a session is dropped. */
const MAX_FAILURES = 3

/**
 * Record numbers reserved for one wake: a reading needs only one; the end of a handshake, a request and its
 * retransmissions need more.
 */
const ONE_MESSAGE = { send: 1, receive: 0 }
const ONE_EXCHANGE = { send: 16, receive: 4 }
const NOTHING_MORE = { send: 0, receive: 0 }

/**
 * A sensor that is off between readings. Each wake sends one reading in one datagram and expects no answer. Every
 * `confirmEvery`-th wake, and the first of a session, sends a request, whose answer shows that the gateway is
 * reachable. After three unanswered requests the next wake begins with a handshake.
 * @devsWhenUsed
 */
export class SleepingSensor {
    private wrapper: Aead
    private wakes = 0
    private failures = 0
    /** the last save of this wake has begun */
    private finishing = false

    /**
     * @param key encrypts the saved session; wiped
     * @param confirmEvery 1: every reading is confirmed
     */
    constructor(
        private services: Services,
        private config: SensorConfig,
        private source: ReadingSource,
        key: Buffer,
        private confirmEvery: number,
    ) {
        this.wrapper = sessionKey(services.crypto, config, key)
    }

    /** Runs one wake, from the reading to the sleep that follows. An error is logged, and this reading is lost. */
    async wake(): Promise<void> {
        try {
            const readings = await this.source.read()
            await this.post({ number: this.wakes, time: this.services.wallClock(), readings })
        } catch (error) {
            this.services.log(LogLevel.warning, (error as Error).message)
        }
    }

    private async post(sample: Sample): Promise<void> {
        const { target, localPort, dtls, newConnection } = this.config
        const { services } = this
        const saved = await services.storage.load(SESSION)
        const addresses = await services.resolve(target.host)
        const remote = { address: addresses[0] as string, port: target.port }
        const socket = await services.openUdp({ remote, localHost: undefined, localPort })
        const connection = newConnection(services, socket, dtls, target.host)
        try {
            const goesOn = saved !== undefined && (await this.goOn(connection, saved))
            if (!goesOn) await this.begin(connection)
            await this.send(connection, sample, !goesOn)
        } finally {
            connection.abandon()
            socket.close()
        }
    }

    private async goOn(connection: DtlsClientConnection, saved: Buffer): Promise<boolean> {
        if (saved.length < SAVED_AT) return false
        this.wakes = readUint(saved, 0, FAILURES_AT) + 1
        this.failures = saved[FAILURES_AT]
        try {
            await connection.importAssociation(copyOf(saved, SAVED_AT, saved.length), this.wrapper, 0)
            return true
        } catch (error) {
            this.services.log(LogLevel.warning, "The saved session is of no use: " + (error as Error).message)
            return false
        }
    }

    private async begin(connection: DtlsClientConnection): Promise<void> {
        await connection.handshake()
        await connection.exportable()
        this.services.log(LogLevel.info, "connected by a handshake")
    }

    private async send(connection: DtlsClientConnection, sample: Sample, isFirst: boolean): Promise<void> {
        const { wakes, failures, confirmEvery } = this
        const confirms = isFirst || failures > 0 || wakes - Math.floor(wakes / confirmEvery) * confirmEvery === 0
        if (confirms) await this.request(connection, sample)
        else {
            await this.save(connection, ONE_MESSAGE)
            await this.tell(connection, sample)
        }
        this.services.log(LogLevel.info, "posted reading " + wakes)
    }

    /** Posts the sample in a confirmable request. The session is dropped after repeated failures. */
    private async request(connection: DtlsClientConnection, sample: Sample): Promise<void> {
        const { services } = this
        await this.save(connection, ONE_EXCHANGE)
        const coap = new CoapClient(new MessageLayer(services, connection, this.config.coap))
        const self = this
        this.finishing = false
        services.spawn(async () => await self.saveAsWanted(connection))
        try {
            const { code } = await coap.request(this.requestOf(sample))
            if (code >= CoapCode.BAD_REQUEST) services.log(LogLevel.error, "The gateway answers " + codeText(code))
            this.failures = 0
        } catch (error) {
            this.failures++
            if (this.failures === MAX_FAILURES) await services.storage.remove(SESSION)
            throw error
        } finally {
            coap.layer.close()
            this.finishing = true
            if (this.failures < MAX_FAILURES) await this.save(connection, NOTHING_MORE)
        }
    }

    /**
     * Saves again if the answer's record number is beyond the reserved ones: the gateway may have sent records while
     * the device slept.
     */
    private async saveAsWanted(connection: DtlsClientConnection): Promise<void> {
        try {
            while ((await connection.saveWanted()) && !this.finishing) {
                await this.save(connection, ONE_EXCHANGE)
                await connection.takeHeld()
            }
        } catch (error) {
            this.services.log(LogLevel.warning, (error as Error).message)
        }
    }

    private requestOf(sample: Sample): CoapRequest {
        return sampleRequest(this.config.target, this.config.format, sample)
    }

    /** Posts the sample in a non-confirmable message, with its own record number, and expects no response. */
    private async tell(connection: DtlsClientConnection, sample: Sample): Promise<void> {
        const { code, options, payload } = this.requestOf(sample)
        options.push(uintOption(CoapOption.NO_RESPONSE, NO_RESPONSE_AT_ALL))
        const messageId = this.wakes & 0xffff
        const token = Buffer.alloc(0)
        const bytes = writeCoapMessage({ type: CoapType.NON, code, messageId, token, options, payload })
        await connection.sendMessages([new OutputMessage([bytes])], 0, -1)
    }

    /** Saves the session. The state is safe against a loss of power before anything is sent. */
    private async save(connection: DtlsClientConnection, reserve: typeof ONE_MESSAGE): Promise<void> {
        const counts = Buffer.alloc(SAVED_AT)
        writeUint(counts, 0, this.wakes, FAILURES_AT)
        counts[FAILURES_AT] = this.failures
        await this.services.storage.save(SESSION, concat(counts, connection.exportAssociation(this.wrapper, reserve)))
    }
}

/**
 * The key that encrypts the saved session: for the first suite's AEAD, derived from the pre-shared key for this purpose
 * only.
 */
function sessionKey(crypto: CryptoProvider, config: SensorConfig, key: Buffer): Aead {
    const { aead } = config.dtls.suites[0]
    const hmac = crypto.newHmac(HashAlgorithm.sha256, key)
    const bytes = hmac.expand(Buffer.from("mote saved session"), aead.keyLength)
    hmac.close()
    wipe(key)
    const wrapper = crypto.newAead(aead.algorithm, bytes)
    wipe(bytes)
    return wrapper
}
