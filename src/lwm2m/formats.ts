/** Content-Formats that the client reads and writes (OMA LwM2M Core 1.1 §7.4). */
export enum Lwm2mFormat {
    /** a single value */
    TEXT = 0,
    SENML_CBOR = 112,
    TLV = 11542,
}
