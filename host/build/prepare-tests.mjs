/*
 * Installs the independent peers that the tests talk to, where they are missing and Debian's apt-get is allowed to.
 * Otherwise it names them; tests that need a missing peer are skipped loudly, and fail in CI.
 */
import { spawnSync } from "node:child_process"

const packages = {
    openssl: "openssl",
    "gnutls-cli": "gnutls-bin",
    "gnutls-serv": "gnutls-bin",
    "coap-client-openssl": "libcoap3-bin",
    "coap-client-gnutls": "libcoap3-bin",
    "coap-server-openssl": "libcoap3-bin",
    "coap-server-gnutls": "libcoap3-bin",
}

const isThere = (command) => spawnSync("sh", ["-c", `command -v ${command}`]).status === 0
const missing = () => Object.keys(packages).filter((command) => !isThere(command))
const run = (...args) =>
    spawnSync("apt-get", args, {
        stdio: ["ignore", "ignore", "inherit"],
        env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
    }).status === 0

if (missing().length > 0) {
    const wanted = [...new Set(missing().map((command) => packages[command]))]
    console.log(`tests: installing ${wanted.join(", ")}`)
    const allowed = process.getuid?.() === 0 && isThere("apt-get")
    const installed =
        allowed && run("update", "-qq") && run("install", "-y", "-qq", "--no-install-recommends", ...wanted)
    if (!installed) console.log(`tests: could not install them; please run: sudo apt-get install ${wanted.join(" ")}`)
}
if (missing().length > 0) console.log(`tests: without ${missing().join(", ")} the tests that need them are skipped`)
