import { copyOf, equal, join, wipe } from "../../src/dtls/bytes/bytes.js"
import { Reader } from "../../src/dtls/bytes/reader.js"
import { Writer } from "../../src/dtls/bytes/writer.js"
import { type Kit } from "../kit.js"

export function bytesTests(t: Kit): void {
    t.describe("bytes", () => {
        t.test("copyOf does not alias", async () => {
            const source = Buffer.from("0102030405", "hex")
            const part = copyOf(source, 1, 3)
            source[1] = 9
            t.equal(part.toString("hex"), "0203")
        })
        t.test("join concatenates parts in order, empty ones included", async () => {
            const whole = join([Buffer.from("01", "hex"), Buffer.alloc(0), Buffer.from("0203", "hex")])
            t.equal(whole.toString("hex"), "010203")
        })
        t.test("equal compares every byte and the length", async () => {
            t.equal(equal(Buffer.from("0102", "hex"), Buffer.from("0102", "hex")), true)
            t.equal(equal(Buffer.from("0102", "hex"), Buffer.from("0103", "hex")), false)
            t.equal(equal(Buffer.from("0102", "hex"), Buffer.from("010200", "hex")), false)
        })
        t.test("wipe leaves zeros", async () => {
            const secret = Buffer.from("0102", "hex")
            wipe(secret)
            t.equal(secret.toString("hex"), "0000")
        })
        t.test("integers of 1 to 6 bytes survive the round trip", async () => {
            const writer = new Writer(1)
            writer.uint(0xfe, 1)
            writer.uint(0xfffefdfc, 4)
            writer.uint(0xffffffffffff, 6)
            const bytes = writer.finish()
            t.equal(bytes.toString("hex"), "fefffefdfcffffffffffff")
            const reader = new Reader(bytes, 0, bytes.length)
            t.equal(reader.uint(1), 0xfe)
            t.equal(reader.uint(4), 0xfffefdfc)
            t.equal(reader.uint(6), 0xffffffffffff)
            t.equal(reader.done(), true)
        })
        t.test("integers at the edges of each width come back, and are big-endian", async () => {
            let most = 1
            for (let width = 1; width <= 6; width++) {
                most = most * 256
                for (const value of [0, 1, 127, 128, 255, most / 2 - 1, most / 2, most - 2, most - 1]) {
                    const writer = new Writer(1)
                    writer.uint(7, 1)
                    writer.uint(value, width)
                    const bytes = writer.finish()
                    t.equal(bytes.length, width + 1)
                    let read = 0
                    for (let i = 1; i <= width; i++) read = read * 256 + bytes[i]
                    t.equal(read, value)
                    const reader = new Reader(bytes, 1, bytes.length)
                    t.equal(reader.uint(width), value)
                    t.equal(reader.done(), true)
                }
            }
        })
        t.test("a reader fails once at the end and returns zeros", async () => {
            const reader = new Reader(Buffer.from("0102", "hex"), 0, 2)
            t.equal(reader.uint(3), 0)
            t.equal(reader.failed, true)
            t.equal(reader.bytes(3).length, 0)
        })
        t.test("a vector longer than its container fails", async () => {
            const reader = new Reader(Buffer.from("05aabb", "hex"), 0, 3)
            t.equal(reader.vector(1).length, 0)
            t.equal(reader.failed, true)
            const outer = new Reader(Buffer.from("05aabb", "hex"), 0, 3)
            t.equal(outer.sub(1).remaining(), 0)
            t.equal(outer.failed, true)
        })
        t.test("a writer fills in lengths afterwards and grows", async () => {
            const writer = new Writer(2)
            const opened = writer.open(2)
            writer.vector(Buffer.from("aabb", "hex"), 1)
            writer.range(Buffer.from("01020304", "hex"), 1, 2)
            writer.close(opened, 2)
            t.equal(writer.finish().toString("hex"), "000502aabb0203")
        })
    })
}
