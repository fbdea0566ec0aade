/** Numbers of RFC 7252 and its registries. */

export enum CoapType {
    CON = 0,
    NON = 1,
    ACK = 2,
    RST = 3,
}

/** Codes as class * 32 + detail (RFC 7252 §12.1). */
export enum CoapCode {
    EMPTY = 0,
    GET = 1,
    POST = 2,
    PUT = 3,
    DELETE = 4,
    CREATED = 65,
    DELETED = 66,
    VALID = 67,
    CHANGED = 68,
    CONTENT = 69,
    BAD_REQUEST = 128,
    UNAUTHORIZED = 129,
    BAD_OPTION = 130,
    FORBIDDEN = 131,
    NOT_FOUND = 132,
    METHOD_NOT_ALLOWED = 133,
    NOT_ACCEPTABLE = 134,
    REQUEST_ENTITY_TOO_LARGE = 141,
    UNSUPPORTED_CONTENT_FORMAT = 143,
    INTERNAL_SERVER_ERROR = 160,
    SERVICE_UNAVAILABLE = 163,
    PROXYING_NOT_SUPPORTED = 165,
}

/** RFC 7252 §12.2. */
export enum CoapOption {
    IF_MATCH = 1,
    URI_HOST = 3,
    ETAG = 4,
    IF_NONE_MATCH = 5,
    URI_PORT = 7,
    LOCATION_PATH = 8,
    URI_PATH = 11,
    CONTENT_FORMAT = 12,
    MAX_AGE = 14,
    URI_QUERY = 15,
    ACCEPT = 17,
    LOCATION_QUERY = 20,
    PROXY_URI = 35,
    PROXY_SCHEME = 39,
    SIZE1 = 60,
}

/** RFC 7252 §12.3, RFC 8428 §12.3. */
export enum ContentFormat {
    TEXT = 0,
    LINK_FORMAT = 40,
    JSON = 50,
    SENML_CBOR = 112,
}

/** EXCHANGE_LIFETIME (RFC 7252 §4.8.2), ms: how long a message id stands for the same message, confirmable or not. */
export const EXCHANGE_LIFETIME = 247000

/** Whether a code is a response's: class 2, 4 or 5 (RFC 7252 §5.2); 1, 6 and 7 are reserved, and 3 is not in use. */
export function isResponse(code: number): boolean {
    const kind = code >> 5
    return kind === 2 || kind === 4 || kind === 5
}

/** "2.04", as the RFC writes codes. */
export function codeText(code: number): string {
    const detail = code & 31
    return "" + (code >> 5) + "." + (detail < 10 ? "0" : "") + detail
}
