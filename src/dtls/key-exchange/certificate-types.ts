import { type KeyOperations } from "../crypto/keys.js"
import { CertificateType, ExtensionType, SignatureScheme } from "../wire/code-points.js"
import { type Extension, findExtension } from "../wire/extensions.js"
import { readNumberList, writeNumberList } from "../wire/number-list.js"

/** Kind of the keys in a suite's certificates. */
export enum SignatureKind {
    ecdsa,
    rsa,
}

/** A program's choice of certificate types, besides its credentials. */
export interface CertificateOptions {
    /** CertificateTypes of the peer that can be verified here, preferred first */
    peerTypes: number[]
    /** CertificateTypes that this side may present, preferred first */
    ownTypes: number[]
    /** server: DER names of the authorities whose certificates are accepted, to help the client choose */
    authorities: Buffer[]
}

/** X.509 certificates in both directions. */
export function x509Only(): CertificateOptions {
    return { peerTypes: [CertificateType.x509], ownTypes: [CertificateType.x509], authorities: [] }
}

/** Raw public keys in both directions (RFC 7250). */
export function rawPublicKeysOnly(): CertificateOptions {
    return { peerTypes: [CertificateType.rawPublicKey], ownTypes: [CertificateType.rawPublicKey], authorities: [] }
}

/** The parts of a key exchange with certificates. */
export interface CertificateExchange {
    keys: KeyOperations
    kind: SignatureKind
    options: CertificateOptions
}

/** Whether the scheme can be used with ECDHE_ECDSA: ECDSA, and Ed25519 (RFC 8422 §5.10). */
export function isEcdsaScheme(scheme: number): boolean {
    // The low byte is the SignatureAlgorithm of TLS 1.2: 3 is ecdsa (RFC 5246 §7.4.1.4.1).
    return (scheme & 255) === 3 || scheme === SignatureScheme.ed25519
}

/** The schemes that can be used with suites of this kind, in the given order. */
export function schemesOfKind(schemes: number[], kind: SignatureKind): number[] {
    const isEcdsa = kind === SignatureKind.ecdsa
    const fitting: number[] = []
    for (const scheme of schemes) {
        if (isEcdsaScheme(scheme) === isEcdsa) fitting.push(scheme)
    }
    return fitting
}

/** Server: the schemes that this client verifies and that can be used with the suite, in its order. */
export function schemesOfClient(exchange: CertificateExchange, extensions: Extension[]): number[] {
    const data = findExtension(extensions, ExtensionType.signatureAlgorithms)
    // A client without the extension means SHA-1 (RFC 5246 §7.4.1.4.1), which is not supported here (RFC 9155).
    const offered = data === undefined ? undefined : readNumberList(data, 2, 2)
    return offered === undefined ? [] : schemesOfKind(offered, exchange.kind)
}

/** Client: omits the extension if it would offer only X.509, which is the default (RFC 7250 §4.1). */
export function offerTypes(list: Extension[], type: number, types: number[]): void {
    const plain = types.length === 0 || (types.length === 1 && types[0] === CertificateType.x509)
    if (!plain) list.push({ type, data: writeNumberList(types, 1, 1) })
}

/** Client: the type selected by the server. */
export function chosenType(extensions: Extension[], type: number): number {
    const data = findExtension(extensions, type)
    return data === undefined ? CertificateType.x509 : data[0]
}

/** Server: the types in the client's extension; X.509 without it. Empty if it is malformed. */
export function offeredTypes(extensions: Extension[], type: number): number[] {
    const data = findExtension(extensions, type)
    if (data === undefined) return [CertificateType.x509]
    return readNumberList(data, 1, 1) ?? []
}

/** Server: adds the selected type to the answers if the client offered a choice. */
export function answerType(answers: Extension[], extensions: Extension[], type: number, chosen: number): void {
    if (findExtension(extensions, type) !== undefined) answers.push({ type, data: Buffer.from([chosen]) })
}
