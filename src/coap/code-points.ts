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
}

/** RFC 7252 §12.2. */
export enum CoapOption {
    URI_HOST = 3,
    URI_PORT = 7,
    LOCATION_PATH = 8,
    URI_PATH = 11,
    CONTENT_FORMAT = 12,
    MAX_AGE = 14,
    URI_QUERY = 15,
    ACCEPT = 17,
}

/** RFC 7252 §12.3, RFC 8428 §12.3. */
export enum ContentFormat {
    TEXT = 0,
    LINK_FORMAT = 40,
    JSON = 50,
    SENML_CBOR = 112,
}

/** "2.04", as the RFC writes codes. */
export function codeText(code: number): string {
    const detail = code & 31
    return "" + (code >> 5) + "." + (detail < 10 ? "0" : "") + detail
}
