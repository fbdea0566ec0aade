/* One end of a link, and a client at one end, for the measurements of bench:rv32. No server, so that programs without one stay small. */
import { Association } from "../../../src/dtls/association/association.js"
import { type DriverRole } from "../../../src/dtls/association/handshake-driver.js"
import { type Output, OutputKind } from "../../../src/dtls/association/output.js"
import { type CryptoProvider } from "../../../src/dtls/crypto/provider.js"
import { wifi } from "../../../src/dtls/flight/retransmission.js"
import { type CipherSuite } from "../../../src/dtls/handshake/cipher-suite.js"
import { type HelloExtension } from "../../../src/dtls/handshake/hello-extension.js"
import { AuthenticationMode } from "../../../src/dtls/handshake/key-exchange.js"
import { mcuLimits } from "../../../src/dtls/handshake/limits.js"
import { type Question, QuestionKind } from "../../../src/dtls/handshake/question.js"
import { type AssociationSettings } from "../../../src/dtls/handshake/settings.js"
import { type AskingConnection, type Credentials } from "../../../src/gio/credentials.js"

/** The account for which instructions are counted: `account` of firmware/bench/support.h. */
export enum Turn {
    nobody,
    handshakeClient,
    handshakeServer,
    sendClient,
    receiveServer,
    sendServer,
    receiveClient,
    resumedClient,
    resumedServer,
    wake,
    /** What a turn takes in which nothing happens: the next one is charged that much less. */
    empty,
}

/** Number of handshakes over which measurements average. */
export const HANDSHAKES = 50
export const RECORD_BYTES = 64

const retransmission = wifi()
const limits = mcuLimits()

/** Settings for one association; associations share the rest. */
export function benchSettings(
    crypto: CryptoProvider,
    suites: CipherSuite[],
    extensions: HelloExtension[],
): AssociationSettings {
    return {
        crypto,
        suites,
        extensions,
        retransmission,
        limits,
        pathBudget: 1200,
        requireExtendedMasterSecret: false,
        pskIdentityHint: undefined,
        authenticationMode: AuthenticationMode.none,
        alertOnKeyMismatch: false,
        keyLog: undefined,
    }
}

/** One end of a link. */
export interface End {
    /** makes the settings of an association, without side effects */
    settings: () => AssociationSettings
    credentials: Credentials
    /** asked by the credentials how to verify a certificate; undefined: they do not ask */
    connection: AskingConnection | undefined
}

/** Handles an output that is no datagram. Returns whether it is a message. */
export async function take(association: Association, end: End, output: Output): Promise<boolean> {
    if (output.kind === OutputKind.question) {
        const question = output.question as Question
        const answer =
            question.kind === QuestionKind.operation
                ? await question.perform()
                : await end.credentials.answer(question, end.connection as AskingConnection)
        association.answer(answer, 0)
    }
    return output.kind === OutputKind.message
}

/** A client, and the datagrams that it has sent and nobody has received yet. */
export class Client {
    association: Association | undefined = undefined
    toServer: Buffer[] = []
    received = 0

    constructor(
        public end: End,
        public role: DriverRole,
    ) {}

    async drain(): Promise<void> {
        const client = this.association as Association
        for (let o = client.poll(); o !== undefined; o = client.poll()) {
            if (o.kind === OutputKind.datagram) this.toServer.push(o.data as Buffer)
            else if (await take(client, this.end, o)) this.received++
        }
    }

    async begin(): Promise<void> {
        this.association = new Association(this.end.settings(), this.role, 0, 0)
        this.association.begin(0)
        await this.drain()
    }

    async deliver(datagram: Buffer): Promise<void> {
        ;(this.association as Association).receive(datagram, datagram.length, 0)
        await this.drain()
    }

    async send(message: Buffer): Promise<void> {
        ;(this.association as Association).send([message], false)
        await this.drain()
    }

    /** Closes the connection. */
    async hangUp(): Promise<void> {
        ;(this.association as Association).shutdown(true, true)
        await this.drain()
    }
}
