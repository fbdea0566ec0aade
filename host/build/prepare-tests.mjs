/*
 * Installs the independent peers that the tests talk to and the compilers for the machine, where they are missing and
 * Debian's apt-get is allowed to. Otherwise it names them; tests that need a missing one are skipped loudly, and fail in CI.
 */
import { spawnSync } from "node:child_process"

const compiles = (compiler, source) => `printf '%s\\n' '${source}' | ${compiler} -x c - -o /dev/null 2>/dev/null`
const fuzzTarget = "int LLVMFuzzerTestOneInput(const unsigned char *d, unsigned long n) { return d == 0 || n == 0; }"

/** Name for people, a shell test that succeeds when it is there, Debian's packages. */
const needs = [
    ...["openssl"].map((command) => [command, `command -v ${command}`, "openssl"]),
    ...["gnutls-cli", "gnutls-serv"].map((command) => [command, `command -v ${command}`, "gnutls-bin"]),
    ...["client-openssl", "client-gnutls", "server-openssl", "server-gnutls"].map((kind) => [
        `coap-${kind}`,
        `command -v coap-${kind}`,
        "libcoap3-bin",
    ]),
    ["clang-format", "command -v clang-format", "clang-format"],
    [
        "gcc with mbedTLS",
        compiles("gcc", "#include <psa/crypto.h>\nint main(void) { return 0; }"),
        "gcc libc6-dev libmbedtls-dev",
    ],
    [
        "gcc and picolibc for RISC-V",
        "echo '#include <stdio.h>' | riscv64-unknown-elf-gcc --specs=picolibc.specs -E - >/dev/null",
        "gcc-riscv64-unknown-elf picolibc-riscv64-unknown-elf",
    ],
    ["Python with venv", "python3 -c 'import venv, ensurepip'", "python3 python3-venv"],
    ["QEMU for RISC-V", "command -v qemu-system-riscv32", "qemu-system-misc"],
    ["xz for Debian's source packages", "command -v xz", "xz-utils"],
    ["clang with libFuzzer", compiles("clang -fsanitize=fuzzer,address", fuzzTarget), "clang libclang-rt-dev"],
]

const succeeds = (test) => spawnSync("sh", ["-c", test], { stdio: "ignore" }).status === 0
const missing = () => needs.filter(([, test]) => !succeeds(test))
const run = (...args) =>
    spawnSync("apt-get", args, {
        stdio: ["ignore", "ignore", "inherit"],
        env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
    }).status === 0

const first = missing()
if (first.length > 0) {
    const wanted = [...new Set(first.flatMap(([, , packages]) => packages.split(" ")))]
    console.log(`tests: installing ${wanted.join(", ")}`)
    const allowed = process.getuid?.() === 0 && succeeds("command -v apt-get")
    const installed =
        allowed && run("update", "-qq") && run("install", "-y", "-qq", "--no-install-recommends", ...wanted)
    if (!installed) console.log(`tests: could not install them; please run: sudo apt-get install ${wanted.join(" ")}`)
    const left = missing().map(([name]) => name)
    if (left.length > 0) console.log(`tests: without ${left.join(", ")} the tests that need them are skipped`)
}
