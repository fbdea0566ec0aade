/*
 * mote-dtls/gateway: a CoAPs server that collects readings, and code that programs around it share with the command
 * line: configuration files, pre-shared keys, texts for people. The package mote-gateway is built on it;
 * docs/gateway.md.
 */
export { type CertificateFiles, readCertificateFiles } from "../certificate-files.js"
export { JsonText } from "../config/json-text.js"
export { check, type Flaw, type Path, pathText, pskProperties, type Schema } from "../config/schema.js"
export { keyWarnings, readPskFile, UsageError } from "../credentials.js"
export { errorText, identityText, reasonText } from "../describe.js"
export { addressText } from "../trace/tracer.js"
export { printable, printableJson } from "../../src/platform/node/printable.js"
export { secretFromHex } from "../../src/platform/node/secret.js"
export { type PublicKeys } from "../../src/platform/node/connect/certificate-options.js"
export { type DiagnosticEvent, HandshakeWatch } from "../../src/platform/node/connect/handshake-watch.js"
export { type ImportedPsk, importing } from "../../src/platform/node/connect/imported-psk.js"
export { exchangeOf, type Version, type Versions } from "../../src/platform/node/connect/versions.js"
export { NodeKeys } from "../../src/platform/node/keys.js"
export {
    type Delivery,
    type ExportedClients,
    Gateway,
    type GatewayEvents,
    type GatewayOptions,
    type GatewayPeer,
    type HandedOver,
} from "./gateway.js"
export { type CoapState } from "./coap-state.js"
export { type ObservedState } from "./observed-paths.js"
export { framed, FramedSocket, unframed } from "./framed-socket.js"
export { connectionIdOf, connectionIdsOf, ownedConnectionIds, ownerOf } from "./owned-ids.js"
export { reserveNumbers, wantsReservation } from "./reservation.js"
export { type Route } from "./routed-socket.js"
export { sharedCookies } from "./shared-cookies.js"
export { type ArrivedReading, isAtOrBelow, Resources } from "./resources.js"
export { type OfferedUpdate, OfferedUpdates, readUpdates } from "./updates.js"
