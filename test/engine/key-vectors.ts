/* Published test vectors for key pairs, for any platform: one line each, with "right" or the wrong result. */
import { bytes, line } from "./crypto-vectors.js"
import { type Keys, SECP256R1, X25519 } from "./key-workload.js"

/** Two private keys with their public keys, and the shared secret. */
function agreement(lines: string[], keys: Keys, name: string, group: number, values: string[]): void {
    const one = keys.pair(group, bytes(values[0]))
    const two = keys.pair(group, bytes(values[2]))
    lines.push(line(name + ", first public key", one.publicKey, values[1]))
    lines.push(line(name + ", second public key", two.publicKey, values[3]))
    lines.push(line(name + ", first secret", one.agree(bytes(values[3])), values[4]))
    lines.push(line(name + ", second secret", two.agree(bytes(values[1])), values[4]))
    one.close()
    two.close()
}

function verified(lines: string[], keys: Keys, name: string, text: string, signature: string): void {
    const publicKey = bytes(
        "0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6" +
            "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299",
    )
    const right = keys.verify(publicKey, Buffer.from(text), bytes(signature))
    const changed = keys.verify(publicKey, Buffer.from(text + "."), bytes(signature))
    lines.push(name + ": " + (right === true ? "right" : "" + right))
    lines.push(name + ", changed: " + (changed === false ? "right" : "" + changed))
}

export function keyVectorLines(keys: Keys): string[] {
    const lines: string[] = []
    agreement(lines, keys, "X25519, RFC 7748 6.1", X25519, [
        "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a",
        "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a",
        "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb",
        "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f",
        "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742",
    ])
    agreement(lines, keys, "ECDH P-256, RFC 5903 8.1", SECP256R1, [
        "c88f01f510d9ac3f70a292daa2316de544e9aab8afe84049c62a9c57862d1433",
        "04dad0b65394221cf9b051e1feca5787d098dfe637fc90b9ef945d0c3772581180" +
            "5271a0461cdb8252d61f1c456fa3e59ab1f45b33accf5f58389e0577b8990bb3",
        "c6ef9c5d78ae012a011164acb397ce2088685d8f06bf9be0b283ab46476bee53",
        "04d12dfb5289c8d4f81208b70270398c342296970a0bccb74c736fc7554494bf63" +
            "56fbf3ca366cc23e8157854c13c58d6aac23f046ada30f8353e74f33039872ab",
        "d6840f6b42f6edafd13116e0e12565202fef8e9ece7dce03812464d04b9442de",
    ])
    const first =
        "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716" +
        "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8"
    const second =
        "f1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367" +
        "019f4113742a2b14bd25926b49c649155f267e60d3814b4c0cc84250e46f0083"
    verified(lines, keys, "ECDSA P-256 with SHA-256, RFC 6979 A.2.5, sample", "sample", first)
    verified(lines, keys, "ECDSA P-256 with SHA-256, RFC 6979 A.2.5, test", "test", second)
    return lines
}
