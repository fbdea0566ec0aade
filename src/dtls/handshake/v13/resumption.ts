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

/** The handshake as session resumption sees it. */
export interface ResumptionContextV13 extends AuthenticatedHandshake {
    settings: AssociationSettings
    parameters: SecurityParametersV13
    hash(): HashParameters
    crypto(): CryptoV13
    keyShares(): KeyShareExtension | undefined
    /** Enters stage 1 of the key schedule with another pre-shared key than before. */
    enterEarlyStage(psk: Buffer): void
}

/** A pre-shared key offered in a hello. */
export interface OfferedKey extends PskIdentity {
    hash: HashParameters
    /** secret of the early stage with this key */
    early: Secret
    psk: Buffer
    /** label of its binder */
    label: string
}

/** A client's handshake. */
export interface ClientResumptionContextV13 extends ResumptionContextV13 {
    certified: ServerProof | undefined
    /** number of pre-shared keys in the hello */
    pskCount: number
    /** secret of the early stage, with the external key */
    secret: Secret | undefined
    /** Before the hello: sets the hash of the keys that it offers. */
    useHash(hash: HashParameters): void
    /** The binder of the key with this early secret, for the hello in `message`. */
    binder(secret: Secret, label: string, message: Buffer, bindersLength: number): Buffer
    /** Imports external keys; undefined: they are used as they are. */
    importer(): KeyImporter | undefined
    /** The body of the hello, ending in the external key and its binder if there is one. */
    bind(hello: ClientHello): Buffer
}

/** A server's handshake. */
export interface ServerResumptionContextV13 extends ResumptionContextV13 {
    /** there is a key agreement */
    agrees: boolean
    /** Continues with a ticket's key. @returns false: its binder is wrong, and the handshake has failed */
    resume(psk: Buffer): boolean
    /** Tries the client's next identity. */
    lookFurther(): void
}

/**
 * Resumes sessions of DTLS 1.3 (RFC 8446 §2.2, §4.6.1): the extension psk_key_exchange_modes, which tells a server that
 * tickets are useful. One instance per association.
 */
export interface ResumptionV13 extends HelloExtension {
    /** The handshake is done. @param secret of the main stage */
    keep(h: ResumptionContextV13, secret: Secret): void
    /** Erases the keys of sessions. */
    close(): void
}

/** A client's session resumption. */
export interface ClientResumptionV13 extends ResumptionV13 {
    /** Replaces the handshake's own `bind`: the hello also offers a ticket if there is one. */
    bind(h: ClientResumptionContextV13, hello: ClientHello): Buffer
    /** The server has selected the key with that index. */
    enter(h: ClientResumptionContextV13, index: number): void
    /** Takes a NewSessionTicket. @returns `none`, or the alert that ends the association */
    take(parameters: SecurityParametersV13, body: Buffer): AlertDescription
}

/** A server's session resumption. */
export interface ServerResumptionV13 extends ResumptionV13, Speaker {
    /**
     * Keeps the client's external pre-shared key, because its session may be resumed only as long as the key is the
     * same. Copies it.
     */
    keepKey(key: Buffer): void
    /** A ClientHello with these extensions is being answered. */
    begin(extensions: Extension[]): void
    /**
     * Tries an identity as a ticket: continues with `resume` or `lookFurther`, in this call or after an answer.
     * @returns false: it is not one of our tickets
     */
    open(h: ServerResumptionContextV13, psk: OfferedPsk): boolean
}

/**
 * Pre-shared keys used otherwise than singly and as they are: several, or imported ones (RFC 9258). For programs that
 * name it. One object per association.
 */
export interface KeyImporter extends HelloExtension {
    // Client

    /** Takes the keys for the hello. @returns how many the hello will contain */
    begin(h: ClientResumptionContextV13, psk: PskAnswer): number
    /** The body of the hello, ending in these keys. */
    bind(h: ClientResumptionContextV13, hello: ClientHello): Buffer
    /** The keys offered after a ticket. */
    offers(h: ClientResumptionContextV13): OfferedKey[]
    /** Whether the hello's key with that index can be used with the suite; undefined: it is not one of these keys. */
    accepts(h: ClientResumptionContextV13, index: number, suite: CipherSuite): boolean | undefined
    /** The server has selected the hello's key with that index. */
    enter(h: ClientResumptionContextV13, index: number): void

    // Server

    /**
     * The external identity of an imported one, for this hash; undefined: it is not an imported identity, or of another
     * context.
     */
    externalOf(identity: Buffer, target: HashParameters): Buffer | undefined
    /** @param identity the imported identity */
    importKey(key: Buffer, identity: Buffer, target: HashParameters): Buffer
    /** Label for binders of these keys. */
    bindingLabel(): string

    /** Erases the keys. */
    close(): void
}
