/*
 * The native functions of the Mote runtime (Seam 4), as the machine and every port supply them. Written by `npm run abi` from firmware/abi/abi.json.
 * The unmodified compiler emits a call by name: `ds._mote...`.
 *
 * Rules for all of them: a wrong type throws TypeError, a wrong size or range throws RangeError, both naming the
 * argument; nothing crashes the machine. Handles are small positive integers; using a closed one is a RangeError.
 * "Suspends" means: the calling fiber sleeps until the host resumes it with the result; all others return at once.
 */
import "@devicescript/core"

/** What natives answer with, as minus it, where IOErrorEnum has FAILED, which is 0. */
export const IO_FAILED = 255

declare module "@devicescript/core" {
    // Cryptography. Algorithm numbers: HashAlgorithm and AeadAlgorithm of src/dtls/crypto/algorithm-numbers.ts.

    /** Bit n is set when the port has AEAD number n; bit 16 + n when it has hash number n. */
    function _moteCryptoHas(): number
    /** Fills `target` with random bytes; throws Error while the source is not good. */
    function _moteRandom(target: Buffer): void
    /** A new running hash. */
    function _moteHashNew(algorithm: number): number
    function _moteHashUpdate(hash: number, data: Buffer): void
    /** A new handle with the same state. */
    function _moteHashClone(hash: number): number
    /** The digest; closes the handle. */
    function _moteHashDigest(hash: number): Buffer
    /** A keyed HMAC with its pads computed; copies the key. */
    function _moteHmacNew(algorithm: number, key: Buffer): number
    /** HMAC of the whole of `data`; the handle stays usable. */
    function _moteHmacSign(hmac: number, data: Buffer): Buffer
    /** P_hash of RFC 5246 §5 over `seed`, the first `length` bytes (0 to 8160). */
    function _moteHmacExpand(hmac: number, seed: Buffer, length: number): Buffer
    /** An AEAD keyed once; copies the key. */
    function _moteAeadNew(algorithm: number, key: Buffer): number
    /** Ciphertext and tag. `nonce` has 12 bytes. */
    function _moteAeadSeal(aead: number, nonce: Buffer, aad: Buffer, plaintext: Buffer): Buffer
    /** The plaintext; undefined when it is not authentic. */
    function _moteAeadOpen(aead: number, nonce: Buffer, aad: Buffer, ciphertext: Buffer): Buffer | undefined

    // Key pairs. Groups as NamedGroup of TLS (RFC 8446 §4.2.7): 23 secp256r1, 29 x25519. Public keys: 65 bytes,
    // uncompressed (SEC 1 §2.3.3), or 32. What takes long suspends, and runs beside the script where the port can.
    // Where the library cannot hold one more key, what makes one or verifies throws Error "too many open crypto
    // handles".

    /** A new key pair for agreement. Throws Error where the device has no such group. Suspends. */
    function _moteKeyNew(group: number): number
    /** A P-256 key for signatures, of 32 bytes; copies it. */
    function _moteKeyImport(privateKey: Buffer): number
    function _moteKeyPublic(key: number): Buffer
    /** The shared secret, 32 bytes; undefined when `peer` is no acceptable public key. Suspends. */
    function _moteKeyAgree(key: number, peer: Buffer): Buffer | undefined
    /** ECDSA with SHA-256 over `data`: r and s, 32 bytes each. Suspends. */
    function _moteKeySign(key: number, data: Buffer): Buffer
    /** Whether that key made the signature; undefined when it could not be told. Suspends. */
    function _moteKeyVerify(publicKey: Buffer, data: Buffer, signature: Buffer): boolean | undefined
    /** Closes a handle of any of the above and erases its keys. */
    function _moteCryptoClose(handle: number): void
    /** Closes it, too, once `owner` is out of reach: not at once, but before handles run out. Returns the handle. */
    function _moteCryptoOwned(handle: number, owner: object): number
    /**
     * The key of an AEAD or key pair, or a secret, sealed by another AEAD: 16 bytes more than the key, and the tag.
     * Format: firmware/natives/wrap.h.
     */
    function _moteCryptoWrap(handle: number, wrapper: number): Buffer
    /** A new handle of what `_moteCryptoWrap` gave; undefined when it is not authentic. */
    function _moteCryptoUnwrap(wrapped: Buffer, wrapper: number): number | undefined
    /**
     * Whether a certificate may be believed: bits of TlsCertificateFlags. Certificates are DER, 1 to 16 in `chain`,
     * the peer's own first, up to 16 in `anchors`, 32768 bytes together. `identity` is a host name or IP address that
     * subjectAltName must have (RFC 9525), up to 255 bytes, "" for anyone. `purpose`: 0 for a server's certificate, 1
     * for a client's. `when`: Unix seconds; undefined: validity is not looked at. Throws Error where the device knows
     * no certificates. Suspends.
     */
    function _moteCertificateCheck(
        chain: Buffer[],
        anchors: Buffer[],
        identity: string,
        purpose: number,
        when: number | undefined,
    ): number

    // Secrets of the key schedule of DTLS 1.3 (RFC 8446 §7.1, with the labels of RFC 9147 §5.9), each as long as its
    // hash. Labels have at most 249 bytes, contexts 255.

    /** The secret of the first stage: extracted from a pre-shared key, without one (0 bytes) from zeros. */
    function _moteSecretNew(algorithm: number, input: Buffer): number
    /**
     * The secret of the stage after `secret`'s: extracted from the result of a key agreement, without one (0 bytes)
     * from zeros, and salted with `secret`.
     */
    function _moteSecretNext(secret: number, input: Buffer): number
    /** Derive-Secret, with the hash of a transcript or none (0 bytes). */
    function _moteSecretDerive(secret: number, label: string, context: Buffer): number
    /** HKDF-Expand-Label, 0 to 255 times the hash's length. */
    function _moteSecretExpand(secret: number, label: string, context: Buffer, length: number): Buffer
    /**
     * verify_data of Finished (RFC 8446 §4.4.4) for the hash of a transcript; with a label the binder by the key of
     * that label, which is derived from `secret` (RFC 8446 §4.2.11.2).
     */
    function _moteSecretVerifyData(secret: number, label: string, hash: Buffer): Buffer

    // Records in one call. `state` is packed, 32 bytes and the connection id: form 1 (1: DTLS 1.2, 2: with a connection
    // id, RFC 9146, 3: DTLS 1.3), handle of the AEAD, or of form 3 the keys, 2, epoch 2, next sequence number of what
    // is sealed in place 6, fixed IV 12 (left-aligned), IV length 1 and explicit nonce length 1 (4 and 8, or 12 and 0;
    // of form 3 all 0), length of the id 1, content type of the record opened last 1, then 0 1, of form 3: length of
    // the record whose number was asked for last 2; then 0, and at 32 the id. Integers are big-endian.

    /**
     * The keys of one direction of one epoch of DTLS 1.3, by its traffic secret (RFC 8446 §7.3, RFC 9147 §4.2.3), for
     * states of form 3.
     */
    function _moteRecordKeys(secret: number, algorithm: number): number
    /**
     * Seals 1 to 64 messages as one record of `type` each, one behind the other, with the sequence numbers from
     * `sequence` on. Of form 3: the last has no length where nothing follows it in its datagram (`ends`).
     */
    function _moteRecordSeal(state: Buffer, type: number, sequence: number, messages: Buffer[], ends: boolean): Buffer
    /**
     * The sequence number of the whole record at `offset` that ends at or before `end`, when its content type is known
     * and version, epoch and connection id are those of `state`; else -1. Of form 3: the one nearest to `expected`; -1
     * when the record is of another epoch, or has an id where `state` has none.
     */
    function _moteRecordSequence(state: Buffer, datagram: Buffer, offset: number, end: number, expected: number): number
    /**
     * Opens the record of number `sequence` that fills bytes [`offset`, `end`) of `datagram`, and notes its content
     * type in `state`; null when it is not authentic, undefined when no such record is there, or it is too short. Does
     * not look at the replay window. Of form 3: type 0 where there is none, or application data in the epoch of the
     * handshake.
     */
    function _moteRecordOpen(
        state: Buffer,
        datagram: Buffer,
        offset: number,
        end: number,
        sequence: number,
    ): Buffer | null | undefined
    /**
     * Makes one record at `offset` of `target` of the `length` bytes (0 to 16384) that stand 13 bytes, the connection
     * id and the explicit nonce behind it, and returns how many bytes the record has: with an id the type, and the
     * tag, come after them. Not of form 3.
     */
    function _moteRecordSealInPlace(state: Buffer, type: number, target: Buffer, offset: number, length: number): number
    /**
     * Opens the record at `offset`, whatever its number: the plaintext takes the ciphertext's place, or zeros where it
     * is not authentic. Returns its length, or -1. Not of form 3.
     */
    function _moteRecordOpenInPlace(state: Buffer, datagram: Buffer, offset: number): number

    // UDP. Addresses are texts, "127.0.0.1" or "fe80::1%2". "Minus an IOErrorEnum code" means -255 for FAILED, which is
    // 0.

    /**
     * Opens and binds a socket. `localHost` and `remoteHost` may be "" (any, not connected); ports 0 to 65535. Returns
     * a handle, or minus an IOErrorEnum code. Suspends.
     */
    function _moteUdpOpen(localHost: string, localPort: number, remoteHost: string, remotePort: number): number
    /** Port the socket is bound to. */
    function _moteUdpPort(socket: number): number
    /** Sends one datagram; `host` "" on a connected socket. Returns bytes, or minus an IOErrorEnum code. */
    function _moteUdpSend(socket: number, datagram: Buffer, host: string, port: number): number
    /**
     * Copies the oldest waiting datagram into `target`. Returns its length, which may be above target.length (cut),
     * -27 (WOULD_BLOCK) when none waits, or minus another IOErrorEnum code once.
     */
    function _moteUdpReceive(socket: number, target: Buffer): number
    /** Sender of the datagram that `_moteUdpReceive` gave last: address, and port by `_moteUdpSenderPort`. */
    function _moteUdpSender(socket: number): string
    function _moteUdpSenderPort(socket: number): number
    /** The host runs `callback` in a fiber of its own when a datagram or an error comes and none waited before. */
    function _moteUdpOnReadable(socket: number, callback: () => void): void
    /** Whether a datagram or an error waits. */
    function _moteUdpIsReadable(socket: number): boolean
    /** Closes; whatever waits is dropped. */
    function _moteUdpClose(socket: number): void
    /** Addresses of a host. An empty array when there is none. Suspends. */
    function _moteResolve(host: string): string[]

    // TCP, one stream at a time: declared by @devicescript/net, whose package calls it.

    // Storage, clocks, settings, log

    /** A saved blob, or undefined. Names have 1 to 14 characters. Suspends. */
    function _moteStorageLoad(name: string): Buffer | undefined
    /** Suspends until the blob is safe against power loss. Returns 0 or minus an IOErrorEnum code. Suspends. */
    function _moteStorageSave(name: string, value: Buffer): number
    /** Returns 0, also when there is none, or minus an IOErrorEnum code: the blob is still there. Suspends. */
    function _moteStorageRemove(name: string): number
    /** Unix seconds, or undefined while unknown. The monotonic clock is `ds.millis()`. */
    function _moteWallClock(): number | undefined
    /**
     * A setting of this device (host, port, path, identity, key, ...) as text; undefined when it has none of that
     * name.
     */
    function _moteSetting(name: string): string | undefined
    /** Why the device started: "power-on", "reset", "panic", "watchdog", "brown-out", "deep-sleep" or "unknown". */
    function _moteRebootReason(): string
    /** Bytes of native memory that are free; 0 when unknown. */
    function _moteFreeMemory(): number
    /**
     * Switches the device off for `ms` (1 to 2^31-1); then it starts anew, with the reboot reason "deep-sleep".
     * Suspends.
     */
    function _moteDeepSleep(ms: number): void

    // Programs: two slots in flash, one of which runs (docs/update.md). An image is written into the other one from
    // front to back; numbers rise from program to program.

    /** Number of the program that runs (0), or of a whole one in the other slot (1); 0 when there is none. */
    function _moteProgramNumber(which: number): number
    /** Whether the program that runs may still be taken back. */
    function _moteProgramIsOnTrial(): boolean
    /** The program that runs does its work: it stays. One that came over the air has to say so. */
    function _moteProgramConfirm(): void
    /** Bytes that an image may have; 0 where programs cannot be updated. */
    function _moteUpdateRoom(): number
    /**
     * Makes room for an image. Returns 0 or minus an IOErrorEnum code: PERMISSION_DENIED while the running program is
     * on trial. Suspends.
     */
    function _moteUpdateErase(length: number): number
    /** Bytes of the other slot's image up to the last one that is not erased; -1 when it is no image under way. */
    function _moteUpdateWritten(): number
    /** Writes a part of the image. Returns 0 or minus an IOErrorEnum code. Suspends. */
    function _moteUpdateWrite(offset: number, bytes: Buffer): number
    /** Fills `target` with what the image has there. Returns 0 or minus an IOErrorEnum code. */
    function _moteUpdateRead(offset: number, target: Buffer): number
    /** The image is whole: the next start tries it. Returns 0 or minus an IOErrorEnum code. Suspends. */
    function _moteUpdateFinish(length: number, number: number): number

    // I2C: declared by @devicescript/i2c, whose package calls it.

    // Pins: what GPIO.prototype of @devicescript/gpio calls. A pin is its number on the chip.

    /** GPIOCapabilities; 0 when the device has no such pin (0 to 255). */
    function _moteGpioCapabilities(pin: number): number
    /** GPIOMode. Pins are 0 to 63. */
    function _moteGpioMode(pin: number): number
    /** Throws RangeError for what is no GPIOMode, or not one of this pin's. */
    function _moteGpioSetMode(pin: number, mode: number): void
    /** 0 or 1, of an analog input 0 to 1; undefined while the pin is off. */
    function _moteGpioValue(pin: number): number | undefined
    /** Levels as LogLevel of src/gio/log-level.ts. */
    function _moteLog(level: number, message: string): void
}
