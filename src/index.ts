/* mote-dtls: connecting and listening in Node. Further names by purpose: mote-dtls/gio, /coap and /engine. */
export { connect, DtlsServer, DtlsSocket, listen, type Options } from "./platform/node/connect.js"
export { NodeServices, type NodeServicesOptions } from "./platform/node/services.js"
export { NodeUdpSocket } from "./platform/node/udp.js"
export { ErrorDomain, GError, IOErrorEnum, TlsError } from "./gio/errors.js"
