import { type Configured } from "./configured.js"

/** A program whose image has a budget. */
export interface SizeProfile {
    /** main file, relative to the project */
    program: string
    /** limit for the optimized image, bytes */
    budget: number
    /** the configuration's decisions about it */
    configured?: Configured
}

/** Size profiles by name; programs that exist only for this are in test/device/size. */
export const SIZE_PROFILES: Record<string, SizeProfile> = {
    /** the sensor: CoAP over DTLS, pre-shared key, samples and queue */
    "psk-client": { program: "src/sensor/main.ts", budget: 40960 },
    /** the sleeping sensor: connection ids, return routability, export and import of its session */
    "psk-cid-export": {
        program: "src/sensor/sleeping-main.ts",
        budget: 47000,
        configured: { suites: ["TLS_PSK_WITH_AES_128_CCM_8"], connectionId: 0 },
    },
    /** a DTLS 1.3 client with a pre-shared key (psk_ke), connection ids and return routability, without an application protocol */
    "psk13-cid-client": { program: "test/device/size/psk13-cid-client.ts", budget: 47000 },
    /** the sensor with DTLS 1.3 only, and the same features */
    "psk13-cid-sensor": {
        program: "src/sensor/main.ts",
        budget: 58000,
        configured: {
            suites: ["TLS_AES_128_CCM_SHA256"],
            connectionId: 0,
            versions: { oldest: "1.3", newest: "1.3" },
        },
    },
    /** the sensor with DTLS 1.2 and 1.3, and the same features */
    "psk12-13-cid-sensor": {
        program: "src/sensor/main.ts",
        budget: 62000,
        configured: {
            suites: ["TLS_AES_128_CCM_SHA256", "TLS_PSK_WITH_AES_128_CCM_8"],
            connectionId: 0,
            versions: { oldest: "1.2", newest: "1.3" },
        },
    },
    /** the sleeping sensor with DTLS 1.3 only, and the same features */
    "psk13-cid-export": {
        program: "src/sensor/sleeping-main.ts",
        budget: 61000,
        configured: {
            suites: ["TLS_AES_128_CCM_SHA256"],
            connectionId: 0,
            versions: { oldest: "1.3", newest: "1.3" },
        },
    },
    /** a DTLS server for many clients, without an application protocol */
    "psk-server": { program: "test/device/size/psk-server.ts", budget: 45000 },
    /** the same with DTLS 1.3 only, with a pre-shared key (psk_ke) */
    "psk13-server": { program: "test/device/size/psk13-server.ts", budget: 55500 },
    /** a DTLS client with raw public keys or pinned certificates, without an application protocol */
    "ecdhe-client": { program: "test/device/size/ecdhe-client.ts", budget: 53000 },
    /** a DTLS client with X.509 certificates in both directions, without an application protocol */
    "ecdhe-x509-client": { program: "test/device/size/ecdhe-x509-client.ts", budget: 58000 },
    /** a device that serves a reading by CoAP and takes its updates; its types are far more than those of a DTLS server */
    "update-server": { program: "examples/device/update-server.ts", budget: 69500 },
}
