/*
 * npm run check:mbedtls -- DIR and npm run check:idf -- DIR: compile the natives, and the ESP32-C3's port, against the
 * headers of a checkout, with Debian's gcc for RISC-V. Nothing is linked. Run by hand, because a checkout is needed.
 */
import { spawnSync } from "node:child_process"
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { basename, join } from "node:path"
import { translationFiles } from "../translate/files.js"
import { cachedDeviceImage, root } from "./device.js"
import { unknownSettings, unreachableHeaders } from "./idf-project.js"

const firmware = join(root, "firmware")
const TARGET = ["-march=rv32imc", "-mabi=ilp32", "--specs=picolibc.specs", "-std=gnu11", "-Os", "-fsyntax-only"]
const STRICT = ["-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Wmissing-prototypes", "-Werror"]

const cFiles = (folder: string): string[] =>
    readdirSync(folder)
        .filter((name) => name.endsWith(".c"))
        .sort()
        .map((name) => join(folder, name))

function version(file: string, name: string): string {
    const found = new RegExp(`#define\\s+${name}\\s+"?([\\w.]+)`).exec(readFileSync(file, "utf8"))
    return found?.[1] ?? "unknown"
}

function compile(files: string[], flags: string[]): number {
    let failed = 0
    for (const file of files) {
        const run = spawnSync("riscv64-unknown-elf-gcc", [...TARGET, ...STRICT, ...flags, file], { encoding: "utf8" })
        if (run.error !== undefined) throw new Error("gcc-riscv64-unknown-elf is not installed")
        if (run.status !== 0) failed++
        console.log(`${run.status === 0 ? "ok    " : "FAILED"} ${basename(file)}`)
        if (run.status !== 0) console.log(run.stderr)
    }
    return failed
}

const own = (...folders: string[]): string[] => folders.map((folder) => `-I${join(firmware, folder)}`)
const system = (folders: string[]): string[] =>
    folders.filter((path) => existsSync(path)).map((path) => `-isystem${path}`)

/** mbedTLS 4 has its cryptography in a separate folder. */
function mbedtlsIncludes(folder: string): string[] {
    const crypto = join(folder, "tf-psa-crypto")
    return system([
        join(folder, "include"),
        join(crypto, "include"),
        join(crypto, "drivers", "builtin", "include"),
        join(crypto, "core"),
    ])
}

function mbedtlsVersion(folder: string): string {
    const places = ["build_info.h", "version.h"].map((name) => join(folder, "include", "mbedtls", name))
    const file = places.find((path) => existsSync(path))
    if (file === undefined) throw new Error(`${folder} is no checkout of mbedTLS`)
    return version(file, "MBEDTLS_VERSION_STRING")
}

function checkMbedtls(folder: string): number {
    console.log(`natives against mbedTLS ${mbedtlsVersion(folder)}`)
    const flags = ["-DMOTE_TRANSLATED", ...own("vm", "natives"), ...mbedtlsIncludes(folder)]
    return compile(cFiles(join(firmware, "natives")), flags)
}

/** The configuration that the headers expect: the values for an ESP32-C3 with sdkconfig.defaults. */
const SDKCONFIG = `#pragma once
#define CONFIG_IDF_TARGET_ESP32C3 1
#define CONFIG_IDF_TARGET "esp32c3"
#define CONFIG_IDF_TARGET_ARCH_RISCV 1
#define CONFIG_IDF_FIRMWARE_CHIP_ID 0x0005
#define CONFIG_SOC_CPU_CORES_NUM 1
#define CONFIG_FREERTOS_UNICORE 1
#define CONFIG_ESP_SYSTEM_SINGLE_CORE_MODE 1
#define CONFIG_FREERTOS_NUMBER_OF_CORES 1
#define CONFIG_FREERTOS_HZ 100
#define CONFIG_FREERTOS_MAX_TASK_NAME_LEN 16
#define CONFIG_FREERTOS_IDLE_TASK_STACKSIZE 1536
#define CONFIG_FREERTOS_ISR_STACKSIZE 1536
#define CONFIG_FREERTOS_TIMER_TASK_PRIORITY 1
#define CONFIG_FREERTOS_TIMER_TASK_STACK_DEPTH 2048
#define CONFIG_FREERTOS_TIMER_QUEUE_LENGTH 10
#define CONFIG_FREERTOS_TIMER_SERVICE_TASK_NAME "Tmr Svc"
#define CONFIG_FREERTOS_TIMER_SERVICE_TASK_CORE_AFFINITY 0x7FFFFFFF
#define CONFIG_FREERTOS_QUEUE_REGISTRY_SIZE 0
#define CONFIG_FREERTOS_TASK_NOTIFICATION_ARRAY_ENTRIES 1
#define CONFIG_FREERTOS_THREAD_LOCAL_STORAGE_POINTERS 1
#define CONFIG_FREERTOS_TICK_SUPPORT_SYSTIMER 1
#define CONFIG_FREERTOS_SYSTICK_USES_SYSTIMER 1
#define CONFIG_ESP_DEFAULT_CPU_FREQ_MHZ 160
#define CONFIG_ESP_SYSTEM_PANIC_PRINT_REBOOT 1
#define CONFIG_ESP_WIFI_ENABLED 1
#define CONFIG_ESP_WIFI_STATIC_RX_BUFFER_NUM 10
#define CONFIG_ESP_WIFI_DYNAMIC_RX_BUFFER_NUM 32
#define CONFIG_ESP_WIFI_TX_BUFFER_TYPE 1
#define CONFIG_ESP_WIFI_DYNAMIC_TX_BUFFER_NUM 32
#define CONFIG_ESP_WIFI_DYNAMIC_RX_MGMT_BUF 0
#define CONFIG_ESP_WIFI_RX_MGMT_BUF_NUM_DEF 5
#define CONFIG_ESP_WIFI_MGMT_SBUF_NUM 32
#define CONFIG_ESP_WIFI_ESPNOW_MAX_ENCRYPT_NUM 7
#define CONFIG_ESP_WIFI_TX_HETB_QUEUE_NUM 3
#define CONFIG_LOG_DEFAULT_LEVEL 3
#define CONFIG_LOG_MAXIMUM_LEVEL 3
#define CONFIG_LOG_VERSION 1
#define CONFIG_BOOTLOADER_LOG_LEVEL 3
#define CONFIG_LOG_TIMESTAMP_SOURCE_RTOS 1
#define CONFIG_LWIP_MAX_SOCKETS 6
#define CONFIG_LWIP_SNTP_MAX_SERVERS 1
#define CONFIG_LWIP_IPV4 1
#define CONFIG_LWIP_IPV6 1
#define CONFIG_LWIP_IPV6_NUM_ADDRESSES 3
#define CONFIG_LWIP_SNTP_UPDATE_DELAY 3600000
#define CONFIG_LWIP_TCPIP_TASK_PRIO 18
#define CONFIG_LWIP_TCPIP_TASK_STACK_SIZE 3072
#define CONFIG_LWIP_TCPIP_RECVMBOX_SIZE 32
#define CONFIG_LWIP_UDP_RECVMBOX_SIZE 6
#define CONFIG_LWIP_TCP_RECVMBOX_SIZE 6
#define CONFIG_LWIP_TCP_MSS 1440
#define CONFIG_LWIP_TCP_SND_BUF_DEFAULT 5760
#define CONFIG_LWIP_TCP_WND_DEFAULT 5760
#define CONFIG_LWIP_TCP_MAXRTX 12
#define CONFIG_LWIP_TCP_SYNMAXRTX 12
#define CONFIG_LWIP_TCP_MSL 60000
#define CONFIG_LWIP_TCP_FIN_WAIT_TIMEOUT 20000
#define CONFIG_LWIP_TCP_TMR_INTERVAL 250
#define CONFIG_LWIP_TCP_RTO_TIME 1500
#define CONFIG_LWIP_TCP_OOSEQ_TIMEOUT 6
#define CONFIG_LWIP_TCP_OOSEQ_MAX_PBUFS 4
#define CONFIG_LWIP_TCP_ACCEPTMBOX_SIZE 6
#define CONFIG_LWIP_TCP_OVERSIZE_MSS 1
#define CONFIG_LWIP_MAX_ACTIVE_TCP 16
#define CONFIG_LWIP_MAX_LISTENING_TCP 16
#define CONFIG_LWIP_MAX_UDP_PCBS 16
#define CONFIG_LWIP_MAX_RAW_PCBS 16
#define CONFIG_LWIP_LOOPBACK_MAX_PBUFS 8
#define CONFIG_LWIP_ICMP 1
#define CONFIG_LWIP_DNS_MAX_SERVERS 3
#define CONFIG_LWIP_DHCP_OPTIONS_LEN 68
#define CONFIG_LWIP_DHCP_COARSE_TIMER_SECS 1
#define CONFIG_LWIP_NUM_NETIF_CLIENT_DATA 0
#define CONFIG_LWIP_IP_REASS_MAX_PBUFS 10
#define CONFIG_LWIP_ESP_GRATUITOUS_ARP 1
#define CONFIG_LWIP_GARP_TMR_INTERVAL 60
#define CONFIG_LWIP_ESP_MLDV6_REPORT 1
#define CONFIG_LWIP_MLDV6_TMR_INTERVAL 40
#define CONFIG_LWIP_LOCAL_HOSTNAME "espressif"
#define CONFIG_PM_ENABLE 1
#define CONFIG_VFS_SUPPORT_IO 1
#define CONFIG_VFS_SUPPORT_SELECT 1
#define CONFIG_MMU_PAGE_SIZE 0x10000
#define CONFIG_MMU_PAGE_MODE "64KB"
`

/** Declarations that ESP-IDF's newlib has and picolibc for bare metal lacks. */
const STUBS: Record<string, string> = {
    "sys/reent.h": "#pragma once\nstruct _reent { int unused; };\n",
    "sys/ioctl.h": "#pragma once\n",
}

/** Folders named include below a component, to some depth; a project's build would name the ones that it needs. */
function includeFolders(folder: string, depth: number): string[] {
    return readdirSync(folder, { withFileTypes: true })
        .filter((entry) => entry.isDirectory() && !/^(test|host|linux|esp32(?!c3)|xtensa|test_apps)/.test(entry.name))
        .flatMap((entry) => {
            const path = join(folder, entry.name)
            const inner = depth > 0 ? includeFolders(path, depth - 1) : []
            return ["include", "private_include", "platform_include", "register"].includes(entry.name)
                ? [path, join(path, "esp32c3"), ...inner]
                : inner
        })
}

function idfIncludes(folder: string): string[] {
    const components = join(folder, "components")
    if (!existsSync(components)) throw new Error(`${folder} is no checkout of ESP-IDF`)
    const stubs = join(root, ".cache", "check-idf")
    for (const [name, text] of Object.entries({ "sdkconfig.h": SDKCONFIG, ...STUBS })) {
        mkdirSync(join(stubs, name, ".."), { recursive: true })
        writeFileSync(join(stubs, name), text)
    }
    const kernel = join(components, "freertos")
    return system([
        stubs,
        ...includeFolders(components, 3).filter(
            (path) => !path.includes("/bootloader/") && !path.includes("/freertos/"),
        ),
        join(kernel, "config", "include"),
        join(kernel, "config", "include", "freertos"),
        join(kernel, "config", "riscv", "include"),
        join(kernel, "FreeRTOS-Kernel", "include"),
        join(kernel, "FreeRTOS-Kernel", "portable", "riscv", "include"),
        join(kernel, "FreeRTOS-Kernel", "portable", "riscv", "include", "freertos"),
        join(kernel, "esp_additions", "include"),
        join(components, "lwip", "port", "esp32xx", "include"),
        join(components, "lwip", "port", "freertos", "include"),
        join(components, "lwip", "lwip", "src", "include", "compat", "posix"),
    ])
}

function checkIdf(folder: string): number {
    const mbedtls = join(folder, "components", "mbedtls", "mbedtls")
    const file = join(folder, "components", "esp_common", "include", "esp_idf_version.h")
    const numbers = ["MAJOR", "MINOR", "PATCH"].map((part) => version(file, `ESP_IDF_VERSION_${part}`))
    console.log(`port esp32c3 against ESP-IDF ${numbers.join(".")} with mbedTLS ${mbedtlsVersion(mbedtls)}`)
    const flags = [
        ...own("vm", "natives", "translated", "port/sockets", "port/esp32c3"),
        ...idfIncludes(folder),
        ...mbedtlsIncludes(mbedtls),
    ]
    const parts = ["vm", "natives", "translated", "port/sockets", "port/esp32c3"]
    const sensor = translationFiles([readFileSync(cachedDeviceImage("src/sensor/main.ts").path)])
    const files = [...parts.flatMap((name) => cFiles(join(firmware, name))), ...sensor]
    const port = join(firmware, "port", "esp32c3")
    const folders = flags.map((flag) => flag.replace(/^-(isystem|I)/, ""))
    const flaws = [...unreachableHeaders(folder, port, files, folders), ...unknownSettings(folder, port)]
    for (const flaw of flaws) console.log(`FAILED ${flaw}`)
    return compile(files, ["-DESP_PLATFORM", "-D__NEWLIB__=4", "-DMOTE_TRANSLATED", ...flags]) + flaws.length
}

const [what, folder] = process.argv.slice(2)
if (folder === undefined) {
    console.error(`usage: npm run check:${what} -- FOLDER of a checkout of ${what === "idf" ? "ESP-IDF" : "mbedTLS"}`)
    process.exit(2)
}
function mustBe(condition: boolean): void {
    if (condition) return
    console.error(`${folder} is no checkout of ${what === "idf" ? "ESP-IDF with its submodules" : "mbedTLS"}`)
    process.exit(2)
}

const inside = what === "idf" ? join(folder, "components") : folder
mustBe(existsSync(join(inside, ...(what === "idf" ? ["mbedtls", "mbedtls"] : []), "include", "mbedtls")))
const failed = what === "idf" ? checkIdf(folder) : checkMbedtls(folder)
console.log(failed === 0 ? "all compile" : `${failed} do not compile`)
process.exit(failed === 0 ? 0 : 1)
