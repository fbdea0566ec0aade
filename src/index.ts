/* mote-dtls in Node: the Gio-shaped API, the engine's settings, CoAP, and the short way in and out. */

export { connect, DtlsServer, DtlsSocket, listen, type Options } from "./platform/node/connect.js"
export { NodeServices, type NodeServicesOptions } from "./platform/node/services.js"
export { NodeUdpSocket } from "./platform/node/udp.js"
export { type Services, type Signal, type Storage, type UdpOptions, type UdpSocket } from "./platform/services.js"

export { AsyncResult } from "./gio/async-result.js"
export { Cancellable } from "./gio/cancellable.js"
export {
    type DatagramBased,
    type DatagramSource,
    InputMessage,
    OutputMessage,
    type SourceCallback,
} from "./gio/datagram-based.js"
export { DatagramSocket } from "./gio/datagram-socket.js"
export { DtlsClientConnection } from "./gio/dtls-client-connection.js"
export { type AcceptCertificateHandler, type AsyncReadyCallback, DtlsConnection } from "./gio/dtls-connection.js"
export { DtlsListener } from "./gio/dtls-listener.js"
export { DtlsServerConnection } from "./gio/dtls-server-connection.js"
export * from "./gio/enums.js"
export { ErrorDomain, GError, IOErrorEnum, TlsChannelBindingError, TlsError } from "./gio/errors.js"
export { type Credentials, SinglePsk } from "./gio/credentials.js"
export { type DtlsSettings, newSettings } from "./gio/settings.js"
export { LogLevel } from "./gio/log-level.js"
export { type SocketAddress } from "./gio/socket-address.js"
export { Source } from "./gio/source.js"

export { Association } from "./dtls/association/association.js"
export { AssociationPhase, type AssociationState } from "./dtls/association/association-state.js"
export { type Failure, FailureReason } from "./dtls/handshake/failure.js"
export { gatewayLimits, type Limits, mcuLimits } from "./dtls/handshake/limits.js"
export { Diagnostic, Output, OutputKind } from "./dtls/association/output.js"
export * from "./dtls/crypto/algorithms.js"
export { type CryptoProvider } from "./dtls/crypto/provider.js"
export { connectionIds } from "./dtls/handshake/connection-ids.js"
export { returnRoutability } from "./dtls/handshake/return-routability.js"
export { type HelloExtension } from "./dtls/handshake/hello-extension.js"
export { type CipherSuite } from "./dtls/handshake/cipher-suite.js"
export * from "./dtls/key-exchange/suites.js"
export { cellular, type RetransmissionProfile, wifi } from "./dtls/flight/retransmission.js"
export { type Answer, type PskAnswer, type Question, QuestionKind } from "./dtls/handshake/question.js"
export { Discard, DiscardCounters, discardNames } from "./dtls/record/discard.js"

export { CoapClient, type CoapRequest, newRequest } from "./coap/client.js"
export { CoapCode, CoapOption, CoapType, codeText, ContentFormat } from "./coap/code-points.js"
export {
    type CoapMessage,
    type Option,
    readCoapMessage,
    textOption,
    textOptionsOf,
    uintOption,
    uintOptionOf,
    writeCoapMessage,
} from "./coap/message.js"
export { type Link, type LinkAttribute, writeLinkFormat } from "./coap/link-format.js"
export { type CoapParameters, defaultCoapParameters, gatewayCoapParameters } from "./coap/parameters.js"
export { type CoapAnswer, type CoapHandler, CoapSession } from "./coap/server.js"
export {
    defaultSenmlLimits,
    readSenmlCbor,
    type ResolvedRecord,
    type SenmlLimits,
    type SenmlRecord,
    type SenmlValue,
    writeSenmlCbor,
} from "./coap/senml.js"
export { coapPathText, type CoapUri, coapUriText, parseCoapsUri } from "./coap/uri.js"
