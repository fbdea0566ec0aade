/** Message types of RFC 7252, and numbers of its registries. */

export enum CoapType {
    CON = 0,
    NON = 1,
    ACK = 2,
    RST = 3,
}

/** Request and response codes, as class * 32 + detail (RFC 7252 §12.1, RFC 7959 §2.9, RFC 8132 §6). */
export enum CoapCode {
    EMPTY = 0,
    GET = 1,
    POST = 2,
    PUT = 3,
    DELETE = 4,
    FETCH = 5,
    PATCH = 6,
    IPATCH = 7,
    CREATED = 65,
    DELETED = 66,
    VALID = 67,
    CHANGED = 68,
    CONTENT = 69,
    CONTINUE = 95,
    BAD_REQUEST = 128,
    UNAUTHORIZED = 129,
    BAD_OPTION = 130,
    FORBIDDEN = 131,
    NOT_FOUND = 132,
    METHOD_NOT_ALLOWED = 133,
    NOT_ACCEPTABLE = 134,
    REQUEST_ENTITY_INCOMPLETE = 136,
    CONFLICT = 137,
    PRECONDITION_FAILED = 140,
    REQUEST_ENTITY_TOO_LARGE = 141,
    UNSUPPORTED_CONTENT_FORMAT = 143,
    UNPROCESSABLE_ENTITY = 150,
    INTERNAL_SERVER_ERROR = 160,
    SERVICE_UNAVAILABLE = 163,
    PROXYING_NOT_SUPPORTED = 165,
}

/** Option numbers: RFC 7252 §12.2, RFC 7641 §2, RFC 7959 §2.1 and §4, RFC 7967 §2, RFC 9175 §2.2 and §3.2. */
export enum CoapOption {
    IF_MATCH = 1,
    URI_HOST = 3,
    ETAG = 4,
    IF_NONE_MATCH = 5,
    OBSERVE = 6,
    URI_PORT = 7,
    LOCATION_PATH = 8,
    URI_PATH = 11,
    CONTENT_FORMAT = 12,
    MAX_AGE = 14,
    URI_QUERY = 15,
    ACCEPT = 17,
    LOCATION_QUERY = 20,
    BLOCK2 = 23,
    BLOCK1 = 27,
    SIZE2 = 28,
    PROXY_URI = 35,
    PROXY_SCHEME = 39,
    SIZE1 = 60,
    ECHO = 252,
    NO_RESPONSE = 258,
    REQUEST_TAG = 292,
}

/** Content-Format numbers: RFC 7252 §12.3, RFC 8428 §12.3. */
export enum ContentFormat {
    TEXT = 0,
    LINK_FORMAT = 40,
    OCTET_STREAM = 42,
    JSON = 50,
    SENML_JSON = 110,
    SENML_CBOR = 112,
}

/** EXCHANGE_LIFETIME (RFC 7252 §4.8.2), ms. Within this time a message id identifies one message, whether confirmable or not. */
export const EXCHANGE_LIFETIME = 247000

/** Half of the range of the 24-bit numbers of notifications (RFC 7641 §3.4). */
export const HALF_OF_NUMBERS = 1 << 23

/** Whether a code is that of a request: class 0, except the empty message (RFC 7252 §5.2). */
export function isRequest(code: number): boolean {
    return code > 0 && code < 32
}

/** Whether a code is that of a response: class 2, 4 or 5 (RFC 7252 §5.2). Classes 1, 6 and 7 are reserved, and class 3 is not in use. */
export function isResponse(code: number): boolean {
    const kind = code >> 5
    return kind === 2 || kind === 4 || kind === 5
}

/** Formats a code as in the RFC, for example "2.04". */
export function codeText(code: number): string {
    const detail = code & 31
    return "" + (code >> 5) + "." + (detail < 10 ? "0" : "") + detail
}
