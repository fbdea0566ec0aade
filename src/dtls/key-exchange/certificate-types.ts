import { type KeyOperations } from "../crypto/keys.js"
import { CertificateType, ExtensionType, SignatureScheme } from "../wire/code-points.js"
import { type Extension, findExtension } from "../wire/extensions.js"
import { readNumberList, writeNumberList } from "../wire/number-list.js"

/** Kind of the keys that a suite's certificates have. */
export enum SignatureKind {
    ecdsa,
    rsa,
}

/** What a program wants of certificates, besides their credentials. */
export interface CertificateOptions {
    /** CertificateTypes of the peer that can be judged here, those preferred first */
    peerTypes: number[]
    /** CertificateTypes that this side may present, those preferred first */
    ownTypes: number[]
    /** server: names of the authorities whose certificates are accepted, DER; for the client to choose by */
    authorities: Buffer[]
}

/** X.509 certificates both ways. */
export function x509Only(): CertificateOptions {
    return { peerTypes: [CertificateType.x509], ownTypes: [CertificateType.x509], authorities: [] }
}

/** Raw public keys both ways (RFC 7250). */
export function rawPublicKeysOnly(): CertificateOptions {
    return { peerTypes: [CertificateType.rawPublicKey], ownTypes: [CertificateType.rawPublicKey], authorities: [] }
}

/** What the two sides of a key exchange with certificates are made from. */
export interface CertificateExchange {
    keys: KeyOperations
    kind: SignatureKind
    options: CertificateOptions
}

/** Of a kind that goes with ECDHE_ECDSA: ECDSA, and Ed25519 (RFC 8422 §5.10). */
export function isEcdsaScheme(scheme: number): boolean {
    // The low byte is the SignatureAlgorithm of TLS 1.2: 3 is ecdsa (RFC 5246 §7.4.1.4.1).
    return (scheme & 255) === 3 || scheme === SignatureScheme.ed25519
}

/** Those of the schemes that go with suites of this kind, in their order. */
export function schemesOfKind(schemes: number[], kind: SignatureKind): number[] {
    const isEcdsa = kind === SignatureKind.ecdsa
    const fitting: number[] = []
    for (const scheme of schemes) {
        if (isEcdsaScheme(scheme) === isEcdsa) fitting.push(scheme)
    }
    return fitting
}

/** Server: the signatures that this client verifies and that go with the suite, in its order. */
export function schemesOfClient(exchange: CertificateExchange, extensions: Extension[]): number[] {
    const data = findExtension(extensions, ExtensionType.signatureAlgorithms)
    // Without the extension a client means SHA-1 (RFC 5246 §7.4.1.4.1), which is not done here (RFC 9155).
    const offered = data === undefined ? undefined : readNumberList(data, 2, 2)
    return offered === undefined ? [] : schemesOfKind(offered, exchange.kind)
}

/** Client: nothing when it would be X.509 alone, which is what no extension means (RFC 7250 §4.1). */
export function offerTypes(list: Extension[], type: number, types: number[]): void {
    const plain = types.length === 0 || (types.length === 1 && types[0] === CertificateType.x509)
    if (!plain) list.push({ type, data: writeNumberList(types, 1, 1) })
}

/** Client: the type that the server chose. */
export function chosenType(extensions: Extension[], type: number): number {
    const data = findExtension(extensions, type)
    return data === undefined ? CertificateType.x509 : data[0]
}

/** Server: the types in the client's extension; without it X.509. Empty when it is malformed. */
export function offeredTypes(extensions: Extension[], type: number): number[] {
    const data = findExtension(extensions, type)
    if (data === undefined) return [CertificateType.x509]
    return readNumberList(data, 1, 1) ?? []
}

/** Server: what says which type was chosen, when the client has offered a choice. */
export function answerType(answers: Extension[], extensions: Extension[], type: number, chosen: number): void {
    if (findExtension(extensions, type) !== undefined) answers.push({ type, data: Buffer.from([chosen]) })
}
