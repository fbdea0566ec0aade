/* The client and the server of handshakes.ts and client.ts. */
import { TLS_PSK_WITH_AES_128_CCM_8 } from "../../../src/dtls/key-exchange/suites.js"
import { SinglePsk } from "../../../src/gio/credentials.js"
import { RuntimeCryptoProvider } from "../../../src/platform/runtime/crypto.js"
import { benchSettings, type End } from "./end.js"

/** One end, with a pre-shared key. */
export function pskEnd(): End {
    const settings = benchSettings(new RuntimeCryptoProvider(), [TLS_PSK_WITH_AES_128_CCM_8()], [])
    const credentials = new SinglePsk(Buffer.from("device-0001"), hex`0102030405060708090a0b0c0d0e0f10`)
    return { settings: () => settings, credentials, connection: undefined }
}
