/*
 * node host/build/prepare-tests.mjs [THEME]: installs the independent peers that the tests of a theme (default: of all
 * themes) talk to, and the compilers and emulators they need, if they are missing and Debian's apt-get may be used.
 * Otherwise lists them; a test that needs a missing one is skipped with a message, and fails in CI. Then compiles the
 * simulator and the programs that the tests run in it and on devices, which together takes longer than a test may.
 */
import { spawn, spawnSync } from "node:child_process"
import { once } from "node:events"

const compiles = (compiler, source) => `printf '%s\\n' '${source}' | ${compiler} -x c - -o /dev/null 2>/dev/null`
const fuzzTarget = "int LLVMFuzzerTestOneInput(const unsigned char *d, unsigned long n) { return d == 0 || n == 0; }"
const PYTHON_HEADERS = `test -e "$(python3 -c 'import sysconfig; print(sysconfig.get_path("include"))')/Python.h"`

/** Name for people, a shell test that succeeds if it is installed, Debian's packages, themes whose tests need it. */
const needs = [
    ["openssl", "command -v openssl", "openssl", "firmware cli"],
    ...["gnutls-cli", "gnutls-serv"].map((command) => [command, `command -v ${command}`, "gnutls-bin", "cli"]),
    ...["client-openssl", "client-gnutls", "server-openssl", "server-gnutls"].map((kind) => [
        `coap-${kind}`,
        `command -v coap-${kind}`,
        "libcoap3-bin",
        "machine firmware cli",
    ]),
    ["tshark", "command -v tshark", "tshark", "cli"],
    ["mosquitto, a broker of MQTT 5", "command -v mosquitto", "mosquitto", "gateway"],
    ["redis-server", "command -v redis-server", "redis-server", "gateway"],
    ["headless Chromium", "command -v chromium-headless-shell", "chromium-headless-shell", "gateway"],
    ["Python", "command -v python3", "python3", "gateway"],
    ["clang-format", "command -v clang-format", "clang-format", "check"],
    [
        "gcc with mbedTLS",
        compiles("gcc", "#include <psa/crypto.h>\nint main(void) { return 0; }"),
        "gcc libc6-dev libmbedtls-dev",
        "machine firmware cli",
    ],
    [
        "gcc and picolibc for RISC-V",
        "echo '#include <stdio.h>' | riscv64-unknown-elf-gcc --specs=picolibc.specs -E - >/dev/null",
        "gcc-riscv64-unknown-elf picolibc-riscv64-unknown-elf",
        "firmware cli",
    ],
    ["a JDK with Maven", "command -v javac && command -v mvn", "default-jdk-headless maven", "firmware cli"],
    ["Python with venv", "python3 -c 'import venv, ensurepip'", "python3 python3-venv", "firmware cli"],
    ["Python's headers", PYTHON_HEADERS, "python3-dev", "cli"],
    ["autoconf and automake", "command -v autoconf && command -v automake", "autoconf automake", "cli"],
    ["QEMU for RISC-V", "command -v qemu-system-riscv32", "qemu-system-misc", "firmware cli"],
    [
        "GIO with TLS for Python",
        "/usr/bin/python3 -c 'from gi.repository import Gio; raise SystemExit(not Gio.TlsBackend.get_default().supports_tls())'",
        "python3-gi glib-networking libglib2.0-bin",
        "firmware cli",
    ],
    ["xz for Debian's source packages", "command -v xz", "xz-utils", "firmware cli"],
    [
        "clang with libFuzzer",
        compiles("clang -fsanitize=fuzzer,address", fuzzTarget),
        "clang libclang-rt-dev",
        "machine firmware",
    ],
]

const [theme] = process.argv.slice(2)
const wanted = needs.filter(([, , , themes]) => theme === undefined || themes.split(" ").includes(theme))

const succeeds = (test) => spawnSync("sh", ["-c", test], { stdio: "ignore" }).status === 0
const missing = () => wanted.filter(([, test]) => !succeeds(test))
const run = async (command, args, stdio, env = process.env) => {
    const [status] = await once(spawn(command, args, { stdio, env }), "close")
    return status ?? 1
}
const aptGet = async (...args) =>
    (await run("apt-get", args, ["ignore", "ignore", "inherit"], {
        ...process.env,
        DEBIAN_FRONTEND: "noninteractive",
    })) === 0

async function install() {
    const first = missing()
    if (first.length === 0) return
    const names = [...new Set(first.flatMap(([, , packages]) => packages.split(" ")))]
    console.log(`tests: installing ${names.join(", ")}`)
    const allowed = process.getuid?.() === 0 && succeeds("command -v apt-get")
    const installed =
        allowed &&
        (await aptGet("update", "-qq")) &&
        (await aptGet("install", "-y", "-qq", "--no-install-recommends", ...names))
    if (!installed) console.log(`tests: could not install them; please run: sudo apt-get install ${names.join(" ")}`)
    const left = missing().map(([name]) => name)
    if (left.length > 0) console.log(`tests: without ${left.join(", ")} the tests that need them are skipped`)
}

/** Builds what needs no Debian package, or the rest. */
async function build(which) {
    if (theme !== undefined && !["machine", "firmware", "cli"].includes(theme)) return
    const args = ["--import", "./host/build/tsx.mjs", "host/build/prepare-builds.ts", which]
    if (theme !== undefined) args.push(theme)
    const status = await run(process.execPath, args, "inherit")
    if (status !== 0) process.exitCode = status
}

await Promise.all([install(), build("--without-packages")])
await build("--with-packages")
