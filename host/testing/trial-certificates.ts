import { join } from "node:path"
import { type CertificateKinds } from "../build/certificate-sources.js"
import { type CertificateFiles } from "../certificate-files.js"
import { certificateSettings, type CertificatesConfig } from "../config/device-certificates.js"
import { certificatePem, type CertificateUse, nameOf, writeCertificate } from "../keygen/certificate-writer.js"
import { KeyFiles, type KeyPair, newKeyPair, pinOf } from "../keygen/key-files.js"
import { temporaryFolder } from "../temporary.js"

/** What a simulated device and its server know each other by, for one run. */
export interface TrialCertificates {
    /** settings of the device, in place of those that the configuration's files would give */
    device: Record<string, string>
    server: CertificateFiles
}

/** Of the simulation's clock and of today. */
const VALIDITY = { notBefore: new Date("2000-01-01"), notAfter: new Date("2049-12-31") }

/** Makes keys, and certificates where the kinds want them. @param host name or address of the server */
export function trialCertificates({ own, peers, hasPsk }: CertificateKinds, host: string): TrialCertificates {
    const folder = temporaryFolder("certificates")
    const [authority, gateway, device] = [newKeyPair(), newKeyPair(), newKeyPair()]
    const files = new KeyFiles(folder)
    const certify = (name: string, { publicKey }: KeyPair, use: CertificateUse, names: string[]): void => {
        const issuer = { name: nameOf("authority"), ...authority }
        files.add(`${name}.pem`, certificatePem(writeCertificate({ name, publicKey, names, use, ...VALIDITY }, issuer)))
    }
    certify("authority", authority, "authority", [])
    certify("gateway", gateway, "server", [host])
    certify("device", device, "client", [])
    files.addKeyPair("gateway", gateway)
    files.addKeyPair("device", device)
    files.write()
    const file = (name: string): string => join(folder, name)
    const authorities = [file("authority.pem")]
    const config: CertificatesConfig = {
        key: file("device.key"),
        ...(own === "certificate" ? { cert: file("device.pem") } : {}),
        ...(peers === "pin" ? {} : { ca: authorities }),
        ...(peers === "authority" ? {} : { rpkPin: [pinOf(gateway.publicKey)] }),
    }
    const refuse = (_at: unknown, wanted: string): string => wanted
    const server: CertificateFiles = {
        key: [file("gateway.key")],
        ...(peers === "pin" ? {} : { cert: [file("gateway.pem")] }),
        ...(own === "certificate" ? { ca: authorities } : { rpkPin: [pinOf(device.publicKey)] }),
    }
    return { device: certificateSettings({ own, peers, hasPsk, config, refuse }, folder), server }
}
