/*
 * Published test vectors for any provider: one line each, with "right" or the wrong result. DTLS uses nonces of 12
 * bytes, so none of RFC 3610's vectors fit (13 bytes), and of NIST's CCM validation vectors only those with a variable
 * nonce, which have 16-byte tags. There are no published vectors for AES-256-CCM-8.
 */
import { AeadAlgorithm, HashAlgorithm } from "../../src/dtls/crypto/algorithms.js"
import { type CryptoProvider, type RecordNumberCiphers } from "../../src/dtls/crypto/provider.js"

export function bytes(text: string): Buffer {
    return Buffer.from(text, "hex")
}

export function line(name: string, got: Buffer | undefined, want: string): string {
    const text = got === undefined ? "undefined" : got.toString("hex")
    return name + ": " + (text === want ? "right" : text)
}

/** RFC 4231: cases 1, 2 and 6. */
function hmacs(
    lines: string[],
    crypto: CryptoProvider,
    algorithm: HashAlgorithm,
    name: string,
    wanted: string[],
): void {
    const keys = ["0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", Buffer.from("Jefe").toString("hex"), ""]
    for (let i = 0; i < 131; i++) keys[2] = keys[2] + "aa"
    const texts = ["Hi There", "what do ya want for nothing?", "Test Using Larger Than Block-Size Key - Hash Key First"]
    for (let i = 0; i < 3; i++) {
        const hmac = crypto.newHmac(algorithm, bytes(keys[i]))
        lines.push(line(name + ", RFC 4231, " + i, hmac.sign(Buffer.from(texts[i])), wanted[i]))
        hmac.close()
    }
}

/** Seals and opens, and must refuse to open with the last bit changed. */
function aead(lines: string[], crypto: CryptoProvider, name: string, algorithm: AeadAlgorithm, values: string[]): void {
    const key = crypto.newAead(algorithm, bytes(values[0]))
    const nonce = bytes(values[1])
    const aad = bytes(values[2])
    const sealed = bytes(values[4])
    lines.push(line(name + " sealed", key.seal(nonce, aad, bytes(values[3])), values[4]))
    lines.push(line(name + " opened", key.open(nonce, aad, sealed), values[3]))
    const last = sealed.length - 1
    sealed[last] = sealed[last] ^ 1
    lines.push(line(name + " changed", key.open(nonce, aad, sealed), "undefined"))
    key.close()
}

/**
 * QUIC's header protection (RFC 9001, A.2 and A.5) is the same as RFC 9147's record number encryption, except for its
 * length.
 */
export function maskLines(crypto: CryptoProvider & RecordNumberCiphers): string[] {
    const lines: string[] = []
    const aes = crypto.newRecordNumberCipher(AeadAlgorithm.aes128Ccm8, bytes("9f50449e04a0e810283a1e9933adedd2"))
    lines.push(line("AES mask, RFC 9001 A.2", aes.mask(bytes("d1b1c98dd7689fb8ec11d242b123dc9b")), "437b"))
    if (!crypto.hasAead(AeadAlgorithm.chacha20Poly1305)) return lines
    const key = bytes("25a282b9e82f06f21f488917a4fc8f1b73573685608597d0efcb076b0ab7a7a4")
    const chacha = crypto.newRecordNumberCipher(AeadAlgorithm.chacha20Poly1305, key)
    lines.push(line("ChaCha20 mask, RFC 9001 A.5", chacha.mask(bytes("5e5cd55c41f69080575d7999c25a5bfb")), "aefe"))
    return lines
}

export function vectorLines(crypto: CryptoProvider): string[] {
    const abc = crypto.newHash(HashAlgorithm.sha256)
    abc.update(Buffer.from("abc"))
    const lines = [
        line("SHA-256, RFC 6234", abc.digest(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    ]
    hmacs(lines, crypto, HashAlgorithm.sha256, "HMAC-SHA-256", [
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
    ])
    if (crypto.hasHash(HashAlgorithm.sha384)) {
        const long = crypto.newHash(HashAlgorithm.sha384)
        long.update(Buffer.from("abc"))
        const digest =
            "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7"
        lines.push(line("SHA-384, RFC 6234", long.digest(), digest))
        hmacs(lines, crypto, HashAlgorithm.sha384, "HMAC-SHA-384", [
            "afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59cfaea9ea9076ede7f4af152e8b2fa9cb6",
            "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649",
            "4ece084485813e9088d2c63a041bc5b44f9ef1012a2b588f3cd11f05033ac4c60c2ef6ab4030fe8296248df163f44952",
        ])
    }
    aead(lines, crypto, "AES-128-CCM-8, SP 800-38C example 3", AeadAlgorithm.aes128Ccm8, [
        "404142434445464748494a4b4c4d4e4f",
        "101112131415161718191a1b",
        "000102030405060708090a0b0c0d0e0f10111213",
        "202122232425262728292a2b2c2d2e2f3031323334353637",
        "e3b201a9f5b71a7a9b1ceaeccd97e70b6176aad9a4428aa5484392fbc1b09951",
    ])
    aead(lines, crypto, "AES-128-CCM, NIST VNT128, nonce of 12", AeadAlgorithm.aes128Ccm, [
        "005e8f4d8e0cbf4e1ceeb5d87a275848",
        "0ec3ac452b547b9062aac8fa",
        "2f1821aa57e5278ffd33c17d46615b77363149dbc98470413f6543a6b749f2ca",
        "b6f345204526439daf84998f380dcfb4b4167c959c04ff65",
        "9575e16f35da3c88a19c26a7b762044f4d7bbbafeff05d754829e2a7752fa3a14890972884b511d8",
    ])
    aead(lines, crypto, "AES-256-CCM, NIST VNT256, nonce of 12", AeadAlgorithm.aes256Ccm, [
        "d6ff67379a2ead2ca87aa4f29536258f9fb9fc2e91b0ed18e7b9f5df332dd1dc",
        "2f1d0717a822e20c7cd28f0a",
        "d50741d34c8564d92f396b97be782923ff3c855ea9757bde419f632c83997630",
        "98626ffc6c44f13c964e7fcb7d16e988990d6d063d012d33",
        "50e22db70ac2bab6d6af7059c90d00fbf0fb52eee5eb650e08aca7dec636170f481dcb9fefb85c05",
    ])
    if (crypto.hasAead(AeadAlgorithm.aes128Gcm)) {
        aead(lines, crypto, "AES-128-GCM, test case 4 of its specification", AeadAlgorithm.aes128Gcm, [
            "feffe9928665731c6d6a8f9467308308",
            "cafebabefacedbaddecaf888",
            "feedfacedeadbeeffeedfacedeadbeefabaddad2",
            "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525" +
                "b16aedf5aa0de657ba637b39",
            "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84aa05" +
                "1ba30b396a0aac973d58e0915bc94fbc3221a5db94fae95ae7121a47",
        ])
    }
    if (crypto.hasAead(AeadAlgorithm.aes256Gcm)) {
        aead(lines, crypto, "AES-256-GCM, test case 16 of its specification", AeadAlgorithm.aes256Gcm, [
            "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
            "cafebabefacedbaddecaf888",
            "feedfacedeadbeeffeedfacedeadbeefabaddad2",
            "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525" +
                "b16aedf5aa0de657ba637b39",
            "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838" +
                "c5f61e6393ba7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b",
        ])
    }
    if (crypto.hasAead(AeadAlgorithm.chacha20Poly1305)) {
        aead(lines, crypto, "ChaCha20-Poly1305, RFC 8439 2.8.2", AeadAlgorithm.chacha20Poly1305, [
            "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f",
            "070000004041424344454647",
            "50515253c0c1c2c3c4c5c6c7",
            "4c616469657320616e642047656e746c656d656e206f662074686520636c617373206f66202739393a20496620" +
                "4920636f756c64206f6666657220796f75206f6e6c79206f6e652074697020666f7220746865206675747572652c20" +
                "73756e73637265656e20776f756c642062652069742e",
            "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282fafb69da92728b" +
                "1a71de0a9e060b2905d6a5b67ecd3b3692ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc" +
                "3ff4def08e4b7a9de576d26586cec64b61161ae10b594f09e26a7e902ecbd0600691",
        ])
    }
    return lines
}
