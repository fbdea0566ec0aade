import { copyOf, equal } from "../../bytes/bytes.js"

/** Bytes of a ServerHello's random. */
const RANDOM_LENGTH = 32

/** How the ServerHello's random of DTLS 1.2 ends where the server speaks DTLS 1.3, too: "DOWNGRD", then 1 (RFC 8446 §4.1.3). */
export function downgradeMark(): Buffer {
    return Buffer.from("444f574e47524401", "hex")
}

/** Whether the server says that it speaks a newer version than the one that it chose: the last byte of its mark says which. */
export function hasDowngradeMark(random: Buffer): boolean {
    const mark = downgradeMark()
    const at = RANDOM_LENGTH - mark.length
    const same = mark.length - 1
    return equal(copyOf(random, at, at + same), copyOf(mark, 0, same)) && random[RANDOM_LENGTH - 1] <= 1
}
