/* mote-dtls: connecting and listening in Node. Further names by purpose: mote-dtls/gio, /coap and /engine. */
export { connect } from "./platform/node/connect/connect.js"
export { type CertificateAndKey, type Pem, type PublicKeyOptions } from "./platform/node/connect/certificate-options.js"
export { DtlsDgramSocket } from "./platform/node/connect/dgram-socket.js"
export { DtlsSocket, type Negotiated } from "./platform/node/connect/dtls-socket.js"
export { AbortError, DtlsError } from "./platform/node/connect/errors.js"
export { type DiagnosticEvent } from "./platform/node/connect/handshake-watch.js"
export { DtlsServer, listen } from "./platform/node/connect/listen.js"
export {
    type CommonOptions,
    type ConnectOptions,
    type ListenOptions,
    type PskMode,
} from "./platform/node/connect/options.js"
export { type Psk, type PskLookup } from "./platform/node/connect/psk-options.js"
export { type ImportedPsk } from "./platform/node/connect/imported-psk.js"
export { FolderStore } from "./platform/node/connect/folder-store.js"
export { type AssociationStore, type SaveOptions } from "./platform/node/connect/saved-connection.js"
export { type SessionOptions } from "./platform/node/connect/sessions.js"
export { type Version, type VersionOptions } from "./platform/node/connect/versions.js"
export { type WaitOptions } from "./platform/node/connect/waiting.js"
export { type GroupName } from "./platform/node/connect/groups.js"
export { NodeKeys, NodePrivateKey } from "./platform/node/keys.js"
export { mlKem768 } from "./platform/node/ml-kem.js"
export { NodeServices, type NodeServicesOptions } from "./platform/node/services.js"
export { NodeUdpSocket } from "./platform/node/udp.js"
export { ErrorDomain, GError, IOErrorEnum, TlsError } from "./gio/errors.js"
export { systemDatabase } from "./platform/node/system-authorities.js"
