import { type HashParameters } from "../../crypto/algorithms.js"
import { type CryptoV13, type Secret } from "../../crypto/v13/provider.js"
import { type AlertDescription } from "../../wire/code-points.js"
import { type ClientHello } from "../../wire/client-hello.js"
import { type Extension } from "../../wire/extensions.js"
import { type OfferedPsk, type PskIdentity } from "../../wire/v13/extensions.js"
import { type CipherSuite } from "../cipher-suite.js"
import { type HelloExtension } from "../hello-extension.js"
import { type PskAnswer } from "../question.js"
import { type AssociationSettings } from "../settings.js"
import { type AuthenticatedHandshake, type ServerProof } from "./authentication.js"
import { type KeyShareExtension } from "./key-share-extension.js"
import { type SecurityParametersV13 } from "./security-parameters.js"
import { type Speaker } from "./updatable-ids.js"

/** What resumption sees of the handshake that it serves. */
export interface ResumptionContextV13 extends AuthenticatedHandshake {
    settings: AssociationSettings
    parameters: SecurityParametersV13
    hash(): HashParameters
    crypto(): CryptoV13
    keyShares(): KeyShareExtension | undefined
    /** Stage 1 of the key schedule, with another pre-shared key than before. */
    enterEarlyStage(psk: Buffer): void
}

/** A pre-shared key that a hello offers. */
export interface OfferedKey extends PskIdentity {
    hash: HashParameters
    /** secret of its early stage */
    early: Secret
    psk: Buffer
    /** of its binder */
    label: string
}

/** On a client. */
export interface ClientResumptionContextV13 extends ResumptionContextV13 {
    certified: ServerProof | undefined
    /** how many pre-shared keys the hello offers */
    pskCount: number
    /** of the early stage, with the external key */
    secret: Secret | undefined
    /** Before the hello: the keys that it offers go with this one. */
    useHash(hash: HashParameters): void
    /** The binder of a key with this early secret, for the hello in `message`. */
    binder(secret: Secret, label: string, message: Buffer, bindersLength: number): Buffer
    /** What imports the external key; undefined: it is used as it is. */
    importer(): KeyImporter | undefined
    /** The body of the hello, with the external key and its binder at the end, if there is one. */
    bind(hello: ClientHello): Buffer
}

/** On a server. */
export interface ServerResumptionContextV13 extends ResumptionContextV13 {
    /** there is a key agreement */
    agrees: boolean
    /** Goes on with the key of a ticket. @returns false: its binder is wrong, and the handshake has failed */
    resume(psk: Buffer): boolean
    /** Looks at the client's next identity. */
    lookFurther(): void
}

/**
 * Resumes sessions of DTLS 1.3 (RFC 8446 §2.2, §4.6.1): the extension psk_key_exchange_modes, which says that tickets are of
 * use. One instance per association.
 */
export interface ResumptionV13 extends HelloExtension {
    /** The handshake is done. @param secret of the main stage */
    keep(h: ResumptionContextV13, secret: Secret): void
    /** Erases the keys of sessions. */
    close(): void
}

/** On a client. */
export interface ClientResumptionV13 extends ResumptionV13 {
    /** In place of the handshake's own `bind`: the hello also offers a ticket, if there is one. */
    bind(h: ClientResumptionContextV13, hello: ClientHello): Buffer
    /** The server has chosen the key with that index. */
    enter(h: ClientResumptionContextV13, index: number): void
    /** Takes a NewSessionTicket. @returns `none`, or the alert that ends the association */
    take(parameters: SecurityParametersV13, body: Buffer): AlertDescription
}

/** On a server. */
export interface ServerResumptionV13 extends ResumptionV13, Speaker {
    /** The client's external pre-shared key: its session may be resumed as long as that stays the same. Copies it. */
    keepKey(key: Buffer): void
    /** A ClientHello with these extensions has come, and is answered. */
    begin(extensions: Extension[]): void
    /**
     * Takes an identity for a ticket and goes on with it: `resume` or `lookFurther`, in this call or after an answer.
     * @returns false: it is no ticket of ours
     */
    open(h: ServerResumptionContextV13, psk: OfferedPsk): boolean
}

/**
 * Pre-shared keys that a program uses otherwise than one, as it is: several, or imported ones (RFC 9258). For programs that name
 * it. One object per association.
 */
export interface KeyImporter extends HelloExtension {
    // Client

    /** Takes the keys for the hello. @returns how many it will have of them */
    begin(h: ClientResumptionContextV13, psk: PskAnswer): number
    /** The body of the hello, with these keys at the end. */
    bind(h: ClientResumptionContextV13, hello: ClientHello): Buffer
    /** What a hello offers behind a ticket. */
    offers(h: ClientResumptionContextV13): OfferedKey[]
    /** Whether the key with that index of the hello goes with the suite; undefined: it is none of these. */
    accepts(h: ClientResumptionContextV13, index: number, suite: CipherSuite): boolean | undefined
    /** The server has chosen the key with that index of the hello. */
    enter(h: ClientResumptionContextV13, index: number): void

    // Server

    /** The external identity of an imported one for this hash; undefined: it is none, or of another context. */
    externalOf(identity: Buffer, target: HashParameters): Buffer | undefined
    /** @param identity the imported one */
    importKey(key: Buffer, identity: Buffer, target: HashParameters): Buffer
    /** Label of its binders. */
    bindingLabel(): string

    /** Erases the keys. */
    close(): void
}
