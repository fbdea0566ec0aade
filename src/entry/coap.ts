/* mote-dtls/coap: CoAP (RFC 7252, 7641, 7959, 8132) over any DatagramBased, and SenML in CBOR and JSON (RFC 8428); docs/coap.md. */
export { type BlockLimits, BlockwiseHandler, defaultBlockLimits } from "../coap/block-server.js"
export { type BlockProgress, type BlockSettings, BlockTransfer, defaultBlockSettings } from "../coap/block-transfer.js"
export { type Block, blockOf, blockOption, blockSizeUpTo } from "../coap/blocks.js"
export { CoapClient, type CoapRequest, newRequest } from "../coap/client.js"
export { CoapCode, CoapOption, CoapType, codeText, ContentFormat } from "../coap/code-points.js"
export { CachedResource, preconditionAnswer, preconditionOptions } from "../coap/conditional.js"
export { type Exchange, MessageLayer, type RequestReceiver } from "../coap/message-layer.js"
export { type Link, type LinkAttribute, writeLinkFormat } from "../coap/link-format.js"
export {
    type CoapMessage,
    type Option,
    optionOf,
    readCoapMessage,
    textOption,
    textOptionsOf,
    uintOption,
    uintOptionOf,
    writeCoapMessage,
} from "../coap/message.js"
export { Observation } from "../coap/observation.js"
export { ObservableResource } from "../coap/observers.js"
export { type CoapParameters, defaultCoapParameters, gatewayCoapParameters } from "../coap/parameters.js"
export { CoapRouter, type MethodHandler } from "../coap/router.js"
export {
    defaultSenmlLimits,
    readSenmlCbor,
    type ResolvedRecord,
    type SenmlLimits,
    type SenmlRecord,
    type SenmlValue,
    writeSenmlCbor,
} from "../coap/senml.js"
export { readSenmlJson, writeSenmlJson } from "../coap/senml-json.js"
export { type CoapAnswer, type CoapHandler, CoapServer } from "../coap/server.js"
export { WaitingMessageLayer } from "../coap/waiting-message-layer.js"
export { coapPathText, type CoapUri, coapUriText, parseCoapsUri } from "../coap/uri.js"
