/** Content-Formats that a client reads and writes (OMA LwM2M Core 1.1 §7.4). */
export enum Lwm2mFormat {
    /** one value alone */
    TEXT = 0,
    SENML_CBOR = 112,
    TLV = 11542,
}
