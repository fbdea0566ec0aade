/* mote-dtls/engine: the building blocks that configure connections, and the protocol engine for programs with I/O of their own. */
export { Association } from "../dtls/association/association.js"
export { AssociationPhase, type AssociationState } from "../dtls/association/association-state.js"
export {
    type LoadedAssociation,
    loadAssociation,
    type Reserve,
    saveAssociation,
    type SavedNote,
} from "../dtls/association/saved-association.js"
export { SavedError, SavedErrorReason } from "../dtls/association/saved-error.js"
export { Diagnostic, type Output, OutputKind } from "../dtls/association/output.js"
export { clientRoleV12V13, clientRoleV13, serverRoleV13 } from "../dtls/association/v13/roles.js"
export { copyOf } from "../dtls/bytes/bytes.js"
export * from "../dtls/crypto/algorithms.js"
export {
    type Agreement,
    type DecapsulationKey,
    type Encapsulation,
    type GroupPair,
    type KeyEncapsulation,
    type KeyOperations,
    type KeyPair,
} from "../dtls/crypto/keys.js"
export { type CryptoProvider } from "../dtls/crypto/provider.js"
export { cellular, type RetransmissionProfile, wifi } from "../dtls/flight/retransmission.js"
export { type CipherSuite } from "../dtls/handshake/cipher-suite.js"
export { connectionIds } from "../dtls/handshake/connection-ids.js"
export { type Failure, FailureReason } from "../dtls/handshake/failure.js"
export { type HelloExtension } from "../dtls/handshake/hello-extension.js"
export { gatewayLimits, type Limits, mcuLimits } from "../dtls/handshake/limits.js"
export { AuthenticationMode, type KeyExchange } from "../dtls/handshake/key-exchange.js"
export * from "../dtls/handshake/question.js"
export { maxFragmentLength, recordSizeLimit } from "../dtls/handshake/record-limits.js"
export { enhancedReturnRoutability, returnRoutability } from "../dtls/handshake/return-routability.js"
export { serverName } from "../dtls/handshake/server-name.js"
export { newExchangeV12 } from "../dtls/endpoint/cookie-exchange.js"
export { newExchangeV12V13, newExchangeV13 } from "../dtls/endpoint/v13/hello-exchange.js"
export { SessionCache } from "../dtls/endpoint/session-cache.js"
export { resumeSessions } from "../dtls/handshake/v12/client-sessions.js"
export { type ServerSessionOptions } from "../dtls/handshake/server-sessions.js"
export { serveSessions } from "../dtls/handshake/v12/server-sessions.js"
export { type SessionStore } from "../dtls/handshake/session.js"
export { TicketKeys } from "../dtls/handshake/ticket-keys.js"
export { resumeSessionsV13 } from "../dtls/handshake/v13/client-sessions.js"
export { serveSessionsV13 } from "../dtls/handshake/v13/server-sessions.js"
export { importedPsks, type ImportOptions } from "../dtls/handshake/v13/imported-psks.js"
export { severalPsks } from "../dtls/handshake/v13/several-psks.js"
export { connectionIdsV13 } from "../dtls/handshake/v13/connection-ids.js"
export * from "../dtls/handshake/v13/suites.js"
export * from "../dtls/key-exchange/certificate-suites.js"
export {
    type CertificateOptions,
    rawPublicKeysOnly,
    SignatureKind,
    x509Only,
} from "../dtls/key-exchange/certificate-types.js"
export { EcdheCertificateKeyExchange } from "../dtls/key-exchange/ecdhe-certificate.js"
export { EcdhePskKeyExchange } from "../dtls/key-exchange/ecdhe-psk.js"
export * from "../dtls/key-exchange/ecdhe-psk-suites.js"
export * from "../dtls/key-exchange/suites.js"
export { certificates } from "../dtls/key-exchange/v13/certificates.js"
export { hybridKeys } from "../dtls/key-exchange/v13/hybrid-keys.js"
export { keyShares } from "../dtls/key-exchange/v13/key-shares.js"
export { Discard, DiscardCounters, discardNames } from "../dtls/record/discard.js"
