import { type AlertDescription } from "../../wire/code-points.js"
import { type Extension } from "../../wire/extensions.js"
import { type HelloExtension } from "../hello-extension.js"
import { type CertificateContext } from "../key-exchange.js"
import { type PeerCertificate } from "../question.js"
import { type Step } from "../step.js"
import { type KeyShareExtension } from "./key-share-extension.js"

/** The handshake of DTLS 1.3 as authentication sees it. */
export interface AuthenticatedHandshake extends CertificateContext {
    isClient: boolean
    /** Inserts a step `fromEnd` steps before the end of those expected; Finished is the last one. */
    expectBefore(fromEnd: number, step: Step<never>): void
    /** Server: the credentials to present are chosen; ServerHello is next. */
    onCredentials(): void
    /** This side's Certificate and CertificateVerify, if any, are in the flight; Finished is next. */
    onPresented(): void
}

/** How a client authenticates a server by certificate, in this handshake or in the one being resumed. */
export interface ServerProof {
    /** Whether EncryptedExtensions may answer an offer of this type. */
    isAnswerable(type: number): boolean
    /** Takes the answers in EncryptedExtensions. @returns `none`, or the alert that ends the handshake */
    acceptAnswers(answers: Extension[]): AlertDescription
    /** After the server's Finished: sends the client's certificate if the server requested one. */
    presentClient(h: AuthenticatedHandshake): void
}

/**
 * Authentication with certificates or raw public keys (RFC 8446 §4.4, RFC 7250) instead of a pre-shared key, for
 * programs that name it. One object per association; `KeyShareExtension` is needed too, for the keys.
 */
export interface AuthenticationExtension extends HelloExtension, ServerProof {
    // Client

    /** Extensions of the ClientHello. */
    offers(): Extension[]
    /** The server has accepted no pre-shared key: adds the steps in which it authenticates itself. */
    expectServer(h: AuthenticatedHandshake): void

    // Server

    /**
     * Whether a client with these extensions offers pre-shared keys only in modes that this side does not support, so
     * that they are ignored (RFC 8446 §4.2.11), and can verify this side's certificate instead.
     */
    replacesKeys(extensions: Extension[], shares: KeyShareExtension | undefined): boolean
    /**
     * Chooses what to present to a client with these extensions; then calls `onCredentials`, or the handshake fails.
     */
    choose(h: AuthenticatedHandshake, extensions: Extension[]): void
    /** Answers for EncryptedExtensions, after `choose`. */
    answers(): Extension[]
    /**
     * After EncryptedExtensions: presents this side's certificate, and requests the client's if the settings say so.
     */
    presentServer(h: AuthenticatedHandshake): void

    // Saving and restoring

    /** The peer's credentials for a saved association. */
    savePeer(peer: PeerCertificate | undefined): Buffer
    /** @param saved what `savePeer` returned */
    loadPeer(saved: Buffer): PeerCertificate | undefined
}
