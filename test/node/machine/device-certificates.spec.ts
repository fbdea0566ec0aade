import { deepStrictEqual, match, ok, strictEqual, throws } from "node:assert/strict"
import { createHash, createPublicKey } from "node:crypto"
import { copyFileSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { machineModule } from "../../../host/build/wasm.js"
import { loadConfig } from "../../../host/config/device-config.js"
import { loadCredentials } from "../../../host/config/device-credentials.js"
import { deviceSettings, programImage, settingsText } from "../../../host/config/firmware-build.js"
import { root } from "../../../host/folders.js"
import { Device } from "../../../host/simulator/device.js"
import { temporaryFolder } from "../../../host/temporary.js"
import { Simulation } from "../../../host/testing/index.js"
import { cellular } from "../../../src/dtls/flight/retransmission.js"
import { listen } from "../../../src/index.js"
import { TestAuthority } from "../../support/test-authority.js"

const PIN = "5a".repeat(32)

/** Files of a device and its authority. */
function folderWithFiles(): string {
    const folder = temporaryFolder("certificates")
    const authority = TestAuthority.get()
    for (const name of ["root", "client", "expired", "future", "rsa"])
        for (const kind of ["pem", "key"] as const)
            copyFileSync(authority.file(name, kind), join(folder, `${name}.${kind}`))
    writeFileSync(join(folder, "cut.pem"), authority.pem("root").slice(0, 300))
    writeFileSync(join(folder, "chain.pem"), authority.pem("client", "root", "root", "root", "root"))
    return folder
}

/** A configuration file with a line for each setting. @returns its path */
function written(folder: string, settings: object): string {
    const path = join(folder, "devs.config.json")
    const base = { program: join(root, "src", "sensor", "main.ts"), board: "posix", target: "coaps://127.0.0.1/r" }
    writeFileSync(path, JSON.stringify({ ...base, ...settings }, undefined, 4))
    return path
}

describe("certificates in devs.config.json", () => {
    const folder = folderWithFiles()
    const x509 = { key: "client.key", cert: "client.pem", ca: ["root.pem"] }

    const wrong: [string, object, string][] = [
        [
            "an authority that is not there",
            { ...x509, ca: ["root.pem", "none.pem"] },
            "10:13: certificates.ca[1]: cannot read none.pem (ENOENT)",
        ],
        [
            "a key that is not there",
            { ...x509, key: "none.key" },
            "6:9: certificates.key: cannot read none.key (ENOENT)",
        ],
        [
            "a certificate in place of the key",
            { ...x509, key: "client.pem" },
            "6:9: certificates.key: client.pem is no private key of P-256",
        ],
        [
            "a key of RSA",
            { ...x509, key: "rsa.key" },
            "6:9: certificates.key: rsa.key is no private key of P-256 in PEM",
        ],
        [
            "a key in place of the certificate",
            { ...x509, cert: "client.key" },
            "7:9: certificates.cert: client.key has no certificate in PEM",
        ],
        [
            "another's certificate",
            { ...x509, cert: "root.pem" },
            "7:9: certificates.cert: the first certificate of root.pem does not belong to certificates.key",
        ],
        ["a cut authority", { ...x509, ca: ["cut.pem"] }, "9:13: certificates.ca[0]: cut.pem: Could not parse PEM"],
        [
            "a certificate that has expired, by its name",
            { ...x509, key: "expired.key", cert: "expired.pem" },
            "7:9: certificates.cert: expired.pem: the certificate CN=expired.example has expired on 2011-01-01",
        ],
        [
            "one that is not valid yet",
            { ...x509, ca: ["future.pem"] },
            "9:13: certificates.ca[0]: future.pem: the certificate CN=future.example is not valid before 2048-01-01",
        ],
        [
            "more certificates than a side presents",
            { ...x509, cert: "chain.pem" },
            "7:9: certificates.cert: chain.pem has 5 certificates, 4 at most",
        ],
        ["no server to believe", { key: "client.key" }, "5:5: certificates.ca: is missing"],
        ["a word in place of a yes or no", { ...x509, psk: "yes" }, "certificates.psk: one of true, false"],
        [
            "a pre-shared key beside them that is nowhere",
            { ...x509, psk: true },
            "1:1: credentials: is missing: the pre-shared key beside certificates",
        ],
        ["no key", { ca: ["root.pem"] }, "5:5: certificates.key: is missing"],
        ["a pin that is none", { key: "client.key", rpkPin: ["5a"] }, "certificates.rpkPin[0]: 64 hexadecimal digits"],
    ]
    for (const [what, certificates, message] of wrong)
        it(`refuses ${what}, with file, line and setting, and prints no part of a key`, () => {
            const path = written(folder, { certificates })
            throws(
                () => loadCredentials(loadConfig(path)),
                ({ message: told }: Error) => {
                    ok(told.includes(message), told)
                    for (const name of ["client", "expired", "rsa"])
                        for (const line of readFileSync(join(folder, `${name}.key`), "utf8").split("\n"))
                            ok(line.length < 8 || line.startsWith("-----") || !told.includes(line), name)
                    return true
                },
            )
        })

    const settings: [string, object, string][] = [
        ["an imported key", { minVersion: "1.3", importedPsk: {} }, "importedPsk: beside certificates only with"],
        [
            "a mode of pre-shared keys",
            { minVersion: "1.3", pskKeyExchange: "psk_ke" },
            'pskKeyExchange: beside certificates only with "psk": true',
        ],
        [
            "a suite with a pre-shared key",
            { suites: ["TLS_PSK_WITH_AES_128_CCM_8"] },
            "suites[0]: a suite with certificates, as TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8",
        ],
    ]
    for (const [what, given, message] of settings)
        it(`refuses ${what} in addition to them`, () => {
            throws(
                () => loadConfig(written(folder, { certificates: x509, ...given })),
                new RegExp(message.replace(/\[0\]/, "\\[0\\]")),
            )
        })

    it("bring suites of their own and can replace a pre-shared key: without either, no device could connect", () => {
        const suites = ["TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8"]
        throws(
            () => loadConfig(written(folder, { credentials: "none.json", suites })),
            /suites\[0\]: a suite with a pre-shared key/,
        )
        throws(() => loadConfig(written(folder, {})), /credentials: is missing: .*, or certificates/)
        const config = loadConfig(written(folder, { certificates: x509, credentials: "keys.json" }))
        writeFileSync(join(folder, "keys.json"), JSON.stringify({ identity: "sensor1", key: "00" }))
        throws(() => loadCredentials(config), /keys\.json:1:2: identity: is no setting; there are wifiPassword/)
    })

    it("can be combined with a pre-shared key: each has a suite in DTLS 1.2, and a setting of its own", () => {
        const beside = { certificates: { ...x509, psk: true }, credentials: "keys.json" }
        writeFileSync(join(folder, "keys.json"), JSON.stringify({ identity: "sensor1", key: "00" }))
        const config = loadConfig(written(folder, beside))
        deepStrictEqual(config.suites, ["TLS_PSK_WITH_AES_128_CCM_8", "TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8"])
        for (const [suite, message] of [
            ["TLS_PSK_WITH_AES_128_CCM", /suites: one with certificates, as .*, too/],
            ["TLS_ECDHE_ECDSA_WITH_AES_128_CCM", /suites: one with a pre-shared key, as .*, too/],
        ] as const)
            throws(() => loadConfig(written(folder, { ...beside, suites: [suite] })), message)
        const { settings } = loadCredentials(config)
        deepStrictEqual([settings["identity"], settings["psk"], settings["key"].length], ["sensor1", "00", 64])
        writeFileSync(join(folder, "keys.json"), "{}")
        throws(() => loadCredentials(config), /keys\.json:1:1: identity: is missing/)
    })

    it("become settings of the device: key, certificates and pins, as many as fit", () => {
        const config = loadConfig(written(folder, { certificates: { ...x509, ca: ["root.pem", "client.pem"] } }))
        const text = settingsText(config, loadCredentials(config))
        match(text, /^key=[0-9a-f]{64}$/m)
        for (const [name, file] of [
            ["cert1", "client"],
            ["ca1", "root"],
            ["ca2", "client"],
        ])
            ok(text.includes(`\n${name}=${TestAuthority.get().der(file).toString("hex")}\n`), name)
        const pinned = loadConfig(written(folder, { certificates: { key: "client.key", rpkPin: [PIN.toUpperCase()] } }))
        ok(settingsText(pinned, loadCredentials(pinned)).includes(`\nrpkPin1=${PIN}\n`))
        const either = loadConfig(written(folder, { certificates: { ...x509, rpkPin: [PIN] } }))
        match(settingsText(either, loadCredentials(either)), /^ca1=[0-9a-f]+\nrpkPin1=/m)
        const many = loadConfig(written(folder, { certificates: { ...x509, ca: Array<string>(20).fill("root.pem") } }))
        throws(
            () => settingsText(many, loadCredentials(many)),
            /certificates: a device has room for 8191 bytes of settings/,
        )
    })
})

describe("a sensor with certificates", function () {
    this.timeout(180000)
    const folder = folderWithFiles()
    const x509 = { key: "client.key", cert: "client.pem", ca: ["root.pem"] }
    const both = { maxVersion: "1.3", certificates: x509, profile: "cellular" }

    for (const [what, settings] of [
        ["certificates, in DTLS 1.2 and 1.3,", both],
        ["raw public keys in DTLS 1.3", { minVersion: "1.3", certificates: { key: "client.key", rpkPin: [PIN] } }],
    ] as const)
        it(`has ${what} in a simulation, whose gateway has its own`, async () => {
            const simulation = await Simulation.start({ config: written(folder, settings) })
            try {
                strictEqual((await simulation.nextSample()).path, "/r")
            } finally {
                await simulation.stop()
            }
        })

    for (const [version, server, reason] of [
        ["1.2", "server", undefined],
        ["1.3", "server", undefined],
        ["1.3", "other-name", "its certificate has another name"],
    ] as const)
        it(`${reason === undefined ? "connects to" : "does not believe"} a server of DTLS ${version} ${reason === undefined ? "that wants a certificate" : `when ${reason}`}: the files of its configuration count`, async () => {
            const authority = TestAuthority.get()
            const server_ = await listen(
                0,
                {
                    ...{ minVersion: version, cert: authority.pem(server), key: authority.key(server) },
                    ...{ ca: authority.pem("root"), requestCert: true },
                    // A dropped record is then repeated only after nine seconds.
                    retransmission: cellular(),
                },
                "127.0.0.1",
            )
            const log: string[] = []
            const device = await simulated(written(folder, both), server_.port, (line) => log.push(line))
            const ended = device.run()
            try {
                if (reason === undefined) {
                    const client = await server_.accept({ timeout: 8000 })
                    strictEqual(client.negotiated.version, `DTLSv${version}`)
                    ok((await client.receive()) !== undefined)
                } else {
                    for (let i = 0; i < 600 && log.length === 0; i++) await sleep(100)
                    match(log[0], /certificate/)
                }
            } finally {
                device.stop()
                await ended
                await server_.close()
            }
        })
})

describe("a sensor with a raw public key and a pre-shared key", function () {
    this.timeout(180000)
    const folder = folderWithFiles()
    writeFileSync(join(folder, "keys.json"), JSON.stringify({ identity: "sensor1", key: "5a".repeat(16) }))
    const authority = TestAuthority.get()
    const certificates = { key: "client.key", ca: ["root.pem"], psk: true }
    const path = written(folder, { maxVersion: "1.3", certificates, credentials: "keys.json", profile: "cellular" })
    const raw = { rawPublicKeys: [publicKeyOf("client")] }
    const certified = { cert: authority.pem("server"), key: authority.key("server"), ...raw }
    const keyed = { psk: { identity: "sensor1", key: Buffer.alloc(16, 0x5a) } }

    for (const [what, server, identity] of [
        ["has a certificate, which its authority made, and takes its raw key", certified, ""],
        ["has its pre-shared key", keyed, "sensor1"],
    ] as const)
        for (const version of ["1.2", "1.3"] as const)
            it(`connects to a server of DTLS ${version} that ${what}`, async () => {
                const timers = { minVersion: version, retransmission: cellular() }
                const server_ = await listen(0, { ...server, ...timers, requestCert: identity === "" }, "127.0.0.1")
                const log: string[] = []
                const device = await simulated(path, server_.port, (line) => log.push(line))
                const ended = device.run()
                try {
                    const client = await server_.accept({ timeout: 8000 })
                    strictEqual(client.negotiated.version, `DTLSv${version}`)
                    strictEqual(client.peerIdentity?.toString(), identity, log.join())
                    strictEqual(client.authorized, identity === "")
                    strictEqual(client.peerCertificate, undefined)
                } finally {
                    device.stop()
                    await ended
                    await server_.close()
                }
            })
})

describe("a sensor that believes an authority and the raw keys of other servers", function () {
    this.timeout(180000)
    const folder = folderWithFiles()
    const authority = TestAuthority.get()
    const pin = createHash("sha256").update(publicKeyOf("server")).digest("hex")
    const certificates = { key: "client.key", cert: "client.pem", ca: ["root.pem"], rpkPin: [pin] }
    const path = written(folder, { maxVersion: "1.3", certificates, profile: "cellular" })

    for (const [what, server, isBelieved] of [
        ["has a certificate", { cert: authority.pem("server"), key: authority.key("server") }, true],
        ["has a raw key that is pinned", { key: authority.key("server") }, true],
        ["has another raw key", { key: authority.key("other-name") }, false],
    ] as const)
        // Before it says so, a sensor of DTLS 1.2 waits for an answer from another server.
        for (const version of isBelieved ? (["1.2", "1.3"] as const) : (["1.3"] as const))
            it(`${isBelieved ? "shows its own certificate to" : "does not believe"} a server of DTLS ${version} that ${what}`, async () => {
                const options = { ...server, ca: authority.pem("root"), requestCert: true }
                const timers = { minVersion: version, retransmission: cellular() }
                const server_ = await listen(0, { ...options, ...timers }, "127.0.0.1")
                const log: string[] = []
                const device = await simulated(path, server_.port, (line) => log.push(line))
                const ended = device.run()
                try {
                    if (isBelieved) {
                        const client = await server_.accept({ timeout: 8000 })
                        strictEqual(client.negotiated.version, `DTLSv${version}`, log.join())
                        strictEqual(client.authorized, true)
                        deepStrictEqual(client.dtls.getPeerPublicKey(), publicKeyOf("client"))
                    } else {
                        for (let i = 0; i < 80 && log.length === 0; i++) await sleep(100)
                        match(log[0], /certificate/)
                    }
                } finally {
                    device.stop()
                    await ended
                    await server_.close()
                }
            })
})

/** SubjectPublicKeyInfo. @param name in TestAuthority */
function publicKeyOf(name: string): Buffer {
    return createPublicKey(TestAuthority.get().key(name)).export({ format: "der", type: "spki" })
}

/** The device that a configuration and its files describe, except that the server is at `port`. */
async function simulated(path: string, port: number, log: (line: string) => void): Promise<Device> {
    const config = loadConfig(path)
    return new Device(await machineModule(), readFileSync(programImage(config).path), {
        heapBytes: config.arena * 1024,
        maxDepth: 100,
        guard: 0,
        gcStress: false,
        virtualTime: false,
        deviceId: "1",
        settings: { ...deviceSettings(config, loadCredentials(config)), port: `${port}` },
        storageFolder: temporaryFolder("device"),
        print: (_level, line) => log(line),
        log: (level, line) => void (level > 1 && log(line)),
    })
}
