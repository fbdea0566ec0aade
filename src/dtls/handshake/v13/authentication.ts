import { type AlertDescription } from "../../wire/code-points.js"
import { type Extension } from "../../wire/extensions.js"
import { type HelloExtension } from "../hello-extension.js"
import { type CertificateContext } from "../key-exchange.js"
import { type PeerCertificate } from "../question.js"
import { type Step } from "../step.js"
import { type KeyShareExtension } from "./key-share-extension.js"

/** The handshake of DTLS 1.3 that an authentication serves. */
export interface AuthenticatedHandshake extends CertificateContext {
    isClient: boolean
    /** A step that comes `fromEnd` steps before the end of those that are known; Finished is the last one. */
    expectBefore(fromEnd: number, step: Step<never>): void
    /** Server: something to present was chosen; ServerHello is next. */
    onCredentials(): void
    /** This side's Certificate and CertificateVerify are in the flight, as far as there are some; Finished is next. */
    onPresented(): void
}

/** How a client sees a server that has shown, or shows now, who it is. */
export interface ServerProof {
    /** Whether EncryptedExtensions may answer an offer of this type. */
    isAnswerable(type: number): boolean
    /** Takes what answers the offers in EncryptedExtensions. @returns `none`, or the alert that ends the handshake */
    acceptAnswers(answers: Extension[]): AlertDescription
    /** After the server's Finished: sends what the server has asked for. */
    presentClient(h: AuthenticatedHandshake): void
}

/**
 * Authentication by certificates or raw public keys (RFC 8446 §4.4, RFC 7250), in place of a pre-shared key, for programs that
 * name it. One object per association; it goes with `KeyShareExtension`, which gives the keys.
 */
export interface AuthenticationExtension extends HelloExtension, ServerProof {
    // Client

    /** Extensions of the hello. */
    offers(): Extension[]
    /** The server has taken no pre-shared key: names the steps in which it shows who it is. */
    expectServer(h: AuthenticatedHandshake): void

    // Server

    /**
     * Whether a client with these extensions has pre-shared keys in modes alone that this side does not take, so that they
     * are left alone (RFC 8446 §4.2.11), and can verify what this side presents instead.
     */
    replacesKeys(extensions: Extension[], shares: KeyShareExtension | undefined): boolean
    /** Chooses what to present to a client with these extensions; then `onCredentials`, or the handshake fails. */
    choose(h: AuthenticatedHandshake, extensions: Extension[]): void
    /** Extensions of EncryptedExtensions, after `choose`. */
    answers(): Extension[]
    /** After EncryptedExtensions: presents this side, and asks the client for a certificate where the settings say so. */
    presentServer(h: AuthenticatedHandshake): void

    // Going on elsewhere

    /** What a saved association has of the peer. */
    savePeer(peer: PeerCertificate | undefined): Buffer
    /** @param saved what `savePeer` gave */
    loadPeer(saved: Buffer): PeerCertificate | undefined
}
