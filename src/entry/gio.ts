/* mote-dtls/gio: the API of Gio.DatagramBased and Gio.DtlsConnection (docs/gio.md), the same in Node and on a device. */
export { AsyncResult } from "../gio/async-result.js"
export { Cancellable } from "../gio/cancellable.js"
export {
    type AcceptCertificateHandler,
    type RequestedConnection,
    type TlsInteraction,
    TlsInteractionResult,
} from "../gio/certificate-calls.js"
export { type AskingConnection, type Credentials, SinglePsk } from "../gio/credentials.js"
export {
    type DatagramBased,
    type DatagramSource,
    InputMessage,
    OutputMessage,
    type SourceCallback,
} from "../gio/datagram-based.js"
export { DatagramSocket } from "../gio/datagram-socket.js"
export { DtlsClientConnection, type NewClientConnection } from "../gio/dtls-client-connection.js"
export { DtlsClientConnectionV12V13, DtlsClientConnectionV13 } from "../gio/v13/dtls-client-connection.js"
export { type AsyncReadyCallback, DtlsConnection } from "../gio/dtls-connection.js"
export { DtlsListener } from "../gio/dtls-listener.js"
export { DtlsListenerV13 } from "../gio/v13/dtls-listener.js"
export { DtlsServerConnection } from "../gio/dtls-server-connection.js"
export { DtlsServerConnectionV13 } from "../gio/v13/dtls-server-connection.js"
export * from "../gio/enums.js"
export { ErrorDomain, GError, IOErrorEnum, TlsChannelBindingError, TlsError } from "../gio/errors.js"
export { LogLevel } from "../gio/log-level.js"
export { EitherCredentials } from "../gio/either-credentials.js"
export { EitherPeers } from "../gio/either-peers.js"
export { type OwnKey, PinnedKeys } from "../gio/pinned-keys.js"
export { PskList } from "../gio/psk-list.js"
export { type DtlsSettings, newSettings } from "../gio/settings.js"
export { type ServerConnection } from "../gio/server-connection.js"
export { type SocketAddress } from "../gio/socket-address.js"
export { Source } from "../gio/source.js"
export { StoredSession } from "../gio/stored-session.js"
export { TlsCertificate } from "../gio/tls-certificate.js"
export { TlsDatabase } from "../gio/tls-database.js"
export { X509Credentials } from "../gio/x509-credentials.js"
export {
    type CertificateCheck,
    type Services,
    type Signal,
    type Storage,
    type UdpOptions,
    type UdpSocket,
} from "../platform/services.js"
