import { bodyOf, type HandshakeMessage } from "../../flight/inbox.js"
import { type RecordLayer } from "../../record/record-layer.js"
import { AlertDescription, DTLS_1_2, ExtensionType, HandshakeType } from "../../wire/code-points.js"
import { type ClientHello } from "../../wire/client-hello.js"
import { findExtension } from "../../wire/extensions.js"
import { readServerHello } from "../../wire/server-hello.js"
import { DTLS_1_3, SUPPORTED_VERSIONS } from "../../wire/v13/code-points.js"
import { hasDowngradeMark } from "../../wire/v13/downgrade.js"
import { FailureReason } from "../failure.js"
import { type Handshake } from "../handshake.js"
import { findHelloExtension } from "../hello-extension.js"
import { type Resumption } from "../resumption.js"
import { type Role } from "../role.js"
import { type AssociationSettings } from "../settings.js"
import { type ClientHandshakeV12, continuedClientRole, firstHello, onServerHello } from "../v12/client.js"
import { ClientHandshakeV13 } from "./client.js"

/** For a role: the client's side of DTLS 1.2 and 1.3, until the server has picked a version. */
export function newClientHandshakeV12V13(
    settings: AssociationSettings,
    record: RecordLayer,
    firstSeq: number,
): Handshake {
    return new ClientHandshakeV12V13(settings, record, firstSeq)
}

/**
 * A client's handshake whose hello offers DTLS 1.2 too. It continues with DTLS 1.3, and reports if the server picks
 * 1.2.
 * @devsWhenUsed
 */
export class ClientHandshakeV12V13 extends ClientHandshakeV13 {
    /** as sent; undefined before that, or if it offers only DTLS 1.3 because there are no suites for DTLS 1.2 */
    private hello: ClientHello | undefined

    // Explicit, because the official compiler generates no constructor for a class that it meets before the base class.
    constructor(settings: AssociationSettings, record: RecordLayer, firstSeq: number) {
        super(settings, record, firstSeq)
    }

    protected override newHello(): ClientHello {
        const { settings, parameters } = this
        const resumption = findHelloExtension(settings.extensions, ExtensionType.sessionTicket) as
            Resumption | undefined
        const older = firstHello(settings, parameters.clientRandom, resumption)
        if (older === undefined) return this.helloOf([DTLS_1_3], [], [])
        const hello = this.helloOf([DTLS_1_3, DTLS_1_2], older.cipherSuites, older.extensions)
        hello.sessionId = older.sessionId
        this.hello = hello
        return hello
    }

    /**
     * The hello with which DTLS 1.2 can continue, if `message` is the server's first and of that version or an older
     * one; otherwise undefined.
     */
    helloForOlder(message: HandshakeMessage): ClientHello | undefined {
        if (this.retrySuite !== undefined) return undefined
        if (message.type === HandshakeType.helloVerifyRequest) return this.hello
        const answer = message.type === HandshakeType.serverHello ? readServerHello(bodyOf(message)) : undefined
        const isOlder = answer !== undefined && findExtension(answer.extensions, SUPPORTED_VERSIONS) === undefined
        return isOlder ? this.hello : undefined
    }
}

/**
 * For a role: DTLS 1.2 continues with `hello`, unless the server signals that it would have picked DTLS 1.3 (RFC 8446
 * §4.1.3).
 */
export function olderClientRole(hello: ClientHello): Role {
    return continuedClientRole(hello, onOlderHello)
}

function onOlderHello(h: ClientHandshakeV12, message: HandshakeMessage): void {
    const hello = readServerHello(bodyOf(message))
    if (hello !== undefined && hasDowngradeMark(hello.random))
        h.fail(FailureReason.downgraded, AlertDescription.illegalParameter)
    else onServerHello(h, message)
}
