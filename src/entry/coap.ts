/* mote-dtls/coap: CoAP (RFC 7252) over any DatagramBased, and SenML in CBOR (RFC 8428); docs/coap.md. */
export { CoapClient, type CoapRequest, newRequest } from "../coap/client.js"
export { CoapCode, CoapOption, CoapType, codeText, ContentFormat } from "../coap/code-points.js"
export { type Exchange, MessageLayer, type RequestReceiver } from "../coap/message-layer.js"
export { type Link, type LinkAttribute, writeLinkFormat } from "../coap/link-format.js"
export {
    type CoapMessage,
    type Option,
    readCoapMessage,
    textOption,
    textOptionsOf,
    uintOption,
    uintOptionOf,
    writeCoapMessage,
} from "../coap/message.js"
export { type CoapParameters, defaultCoapParameters, gatewayCoapParameters } from "../coap/parameters.js"
export {
    defaultSenmlLimits,
    readSenmlCbor,
    type ResolvedRecord,
    type SenmlLimits,
    type SenmlRecord,
    type SenmlValue,
    writeSenmlCbor,
} from "../coap/senml.js"
export { type CoapAnswer, type CoapHandler, CoapServer } from "../coap/server.js"
export { WaitingMessageLayer } from "../coap/waiting-message-layer.js"
export { coapPathText, type CoapUri, coapUriText, parseCoapsUri } from "../coap/uri.js"
