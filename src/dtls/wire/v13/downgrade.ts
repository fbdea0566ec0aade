import { copyOf, equal } from "../../bytes/bytes.js"

/** Length of a ServerHello's random, bytes. */
const RANDOM_LENGTH = 32

/**
 * The end of the random in a ServerHello of DTLS 1.2 if the server supports DTLS 1.3 too: "DOWNGRD", then 1 (RFC 8446
 * §4.1.3).
 */
export function downgradeMark(): Buffer {
    return Buffer.from("444f574e47524401", "hex")
}

/**
 * Whether the server signals that it supports a newer version than the one it chose; the mark's last byte says which.
 */
export function hasDowngradeMark(random: Buffer): boolean {
    const mark = downgradeMark()
    const at = RANDOM_LENGTH - mark.length
    const same = mark.length - 1
    return equal(copyOf(random, at, at + same), copyOf(mark, 0, same)) && random[RANDOM_LENGTH - 1] <= 1
}
