import { copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { type KeyObject } from "node:crypto"
import { basename, dirname, join, resolve } from "node:path"
import { programSlot, readSlot } from "../board/program-slot.js"
import { cachedDeviceImage, type DeviceImage } from "../build/device.js"
import { SUITE_GROUPS } from "../build/device-suites.js"
import { buildNative, device, missingFor, withTranslations } from "../build/native.js"
import { buildBoard, missingForBoard } from "../build/rv32.js"
import { UsageError } from "../credentials.js"
import { folderWith, root } from "../folders.js"
import { choiceOf } from "../translate/choice.js"
import { translationFiles } from "../translate/files.js"
import { publicKeyOf, writeUpdate } from "../update/update-file.js"
import { CERTIFICATE_SETTING } from "./device-certificates.js"
import { type Board, DEFAULT_SUITES, type DeviceConfig } from "./device-config.js"
import { type DeviceCredentials } from "./device-credentials.js"
import { nativesAsC, nativesIn } from "./program-natives.js"
import { AeadAlgorithm } from "../../src/dtls/crypto/algorithms.js"

/** What a build leaves, all in one folder. */
export interface BuildFiles {
    folder: string
    /** the compiled program, and the compiler's debug file */
    image: string
    debug: string
    /** the program as a slot of the flash has it */
    slot: string
    /** settings with their secrets, for this device alone */
    settings: string
    /** mote_config.h */
    configuration: string
    /** settings of ESP-IDF that the configuration adds to the port's sdkconfig.defaults */
    sdkconfig: string
    /** folder with the program's functions as C, for PlatformIO */
    translation: string
    /** executable or ELF; built by PlatformIO for a board with a radio */
    firmware: string
    /** folder with the firmware's C sources, for PlatformIO */
    sources: string
}

export function buildFiles(config: DeviceConfig): BuildFiles {
    const folder = join(config.folder, "build", config.board.name)
    const file = (name: string): string => join(folder, name)
    return {
        folder,
        image: file("program.devs"),
        debug: file("program.json"),
        slot: file("program.slot"),
        settings: file("settings.txt"),
        configuration: file("mote_config.h"),
        sdkconfig: file("sdkconfig.configured"),
        translation: file("translation"),
        firmware: file(config.board.port === "posix" ? "mote-device" : "firmware.elf"),
        sources: file("firmware"),
    }
}

/** The C side of the configuration. */
export function configurationHeader(config: DeviceConfig): string {
    const ofProgram = config.natives === "program" ? nativesIn(readFileSync(programImage(config).path)) : undefined
    const suites = SUITE_GROUPS.flatMap((group) => group.suites).filter(({ name }) => config.suites.includes(name))
    const aeads = suites.reduce((bits, { aead }) => bits | (1 << aead.algorithm), 0)
    const names = suites.map(({ aead }) => AeadAlgorithm[aead.algorithm]).join(", ")
    return [
        `/* Written by mote build for ${config.board.title}. */`,
        `#define MOTE_ARENA_KB ${config.arena}`,
        `#define MOTE_AEADS 0x${aeads.toString(16)} /* ${names} */`,
        ...(ofProgram === undefined ? [] : [`#define MOTE_NATIVES_OF_PROGRAM(X) ${nativesAsC(ofProgram)}`]),
        "",
    ].join("\n")
}

/** ESP-IDF's side of the configuration: the lines of firmware/port/esp32c3/sdkconfig.MODE, or none. */
export function sdkconfigText({ board, flashEncryption }: DeviceConfig): string {
    const head = `# Written by mote build for ${board.title}.\n`
    if (flashEncryption === undefined) return head
    return head + readFileSync(join(root, "firmware", "port", board.port, `sdkconfig.${flashEncryption}`), "utf8")
}

/** As long as a setting of the configuration may be, bytes: ports cut longer ones. */
const MOST_SETTING_BYTES = 255

/** Of all settings: their partition has 8192, and a zero at the end. */
const MOST_SETTINGS_BYTES = 8191

/** What a device has as settings. */
export function deviceSettings(
    config: DeviceConfig,
    { settings, wifiPassword }: DeviceCredentials,
): Record<string, string> {
    const { wifi, update } = config
    return {
        host: config.host,
        port: String(config.port),
        path: config.path,
        name: config.name,
        interval: String(config.interval),
        profile: config.profile,
        ...settings,
        ...(update === undefined
            ? {}
            : {
                  "update-key": update.key.toString("hex"),
                  "update-target": update.target,
                  "update-interval": String(update.interval),
              }),
        ...(wifi === undefined
            ? {}
            : { "wifi-ssid": wifi.ssid, "wifi-country": wifi.country, "wifi-password": wifiPassword }),
    }
}

/** Lines NAME=VALUE, as the natives read them. */
export function settingsText(config: DeviceConfig, credentials: DeviceCredentials): string {
    const settings = deviceSettings(config, credentials)
    const broken = Object.keys(settings).find((name) => /[\r\n\0]/.test(settings[name]))
    if (broken !== undefined) throw new UsageError(`${broken}: no line breaks are possible in settings`)
    const long = Object.keys(settings).find(
        (name) => !CERTIFICATE_SETTING.test(name) && Buffer.byteLength(settings[name]) > MOST_SETTING_BYTES,
    )
    if (long !== undefined) throw new UsageError(`${long}: at most ${MOST_SETTING_BYTES} bytes fit into a setting`)
    const text = Object.entries(settings)
        .map(([name, value]) => `${name}=${value}\n`)
        .join("")
    const bytes = Buffer.byteLength(text)
    if (bytes > MOST_SETTINGS_BYTES)
        throw new UsageError(
            `certificates: a device has room for ${MOST_SETTINGS_BYTES} bytes of settings, not ${bytes}`,
        )
    return text
}

/** The configuration's program with the configuration's suites, compiled when something of it has changed. */
export function programImage(config: DeviceConfig): DeviceImage {
    const isDefault = config.suites.join() === DEFAULT_SUITES.join() && config.connectionId === undefined
    return cachedDeviceImage(resolve(config.folder, config.program), isDefault ? undefined : config)
}

/** Unix seconds: the number of a program's slot, of which the highest runs. SOURCE_DATE_EPOCH stands for the time. */
function buildTime(): number {
    const given = process.env["SOURCE_DATE_EPOCH"]
    if (given === undefined) return Math.floor(Date.now() / 1000)
    if (!/^\d{1,10}$/.test(given) || Number(given) > 0xffffffff) throw new UsageError("SOURCE_DATE_EPOCH: Unix seconds")
    return Number(given)
}

/** Compiles the program and puts it into the form of a slot. */
export function buildProgram(config: DeviceConfig, files: BuildFiles): number {
    mkdirSync(files.folder, { recursive: true })
    const image = programImage(config)
    copyFileSync(image.path, files.image)
    copyFileSync(image.debugPath, files.debug)
    const slot = programSlot(readFileSync(files.image), buildTime())
    writeFileSync(files.slot, slot)
    return slot.length
}

/** Makes an update, for devices that have an older one, of the program that was built. @returns its number */
export function writeUpdateFile(config: DeviceConfig, files: BuildFiles, path: string, privateKey: KeyObject): number {
    const { update } = config
    if (update === undefined)
        throw new UsageError('--update: the configuration has no "update", so that its devices take none')
    if (!publicKeyOf(privateKey).equals(update.key))
        throw new UsageError("--sign: not the key whose public half is update.key: no device would take the update")
    const version = readSlot(readFileSync(files.slot))?.number ?? 0
    writeFileSync(path, writeUpdate(readFileSync(files.image), { version, target: update.target }, privateKey))
    return version
}

export function writeConfiguration(config: DeviceConfig, files: BuildFiles): void {
    mkdirSync(files.folder, { recursive: true })
    writeChanged(files.configuration, configurationHeader(config))
    if (config.board.port !== "esp32c3") return
    writeChanged(files.sdkconfig, sdkconfigText(config))
    if (platformioProject(config) !== root) copySources(files)
}

/**
 * The folder whose platformio.ini builds the firmware: the configuration's project, or Mote's repository for a
 * configuration outside of any.
 */
export function platformioProject({ folder }: DeviceConfig): string {
    const project = folderWith(folder, "platformio.ini") ?? folderWith(root, "platformio.ini")
    if (project !== undefined) return project
    throw new UsageError(`there is no platformio.ini in ${folder}: mote init writes one into a new folder`)
}

/**
 * PlatformIO compiles copies: node_modules belongs to npm. They keep their times, so that what has not changed is not
 * compiled again.
 */
function copySources({ sources }: BuildFiles): void {
    rmSync(sources, { recursive: true, force: true })
    for (const part of ["vm", "natives", "translated", join("port", "sockets"), join("port", "esp32c3")])
        cpSync(join(root, "firmware", part), join(sources, part), { recursive: true, preserveTimestamps: true })
}

/** An unchanged file keeps its time, and does not make the firmware compile again. */
function writeChanged(path: string, text: string): void {
    if (!existsSync(path) || readFileSync(path, "utf8") !== text) writeFileSync(path, text)
}

/**
 * Puts the functions that become C where PlatformIO finds them.
 * @returns how many they are; 0: there is no C
 */
export function writeTranslation(config: DeviceConfig, files: BuildFiles): number {
    rmSync(files.translation, { recursive: true, force: true })
    const choose = choiceOf(config.translate, files.debug)
    const image = readFileSync(files.image)
    const functions = choose?.(image).functions.size ?? 0
    if (choose === undefined || functions === 0) return 0
    mkdirSync(files.translation, { recursive: true })
    for (const path of translationFiles([image], choose)) copyFileSync(path, join(files.translation, basename(path)))
    return functions
}

/** Why the firmware of a board cannot be built here, as a sentence; undefined when it can. */
export function missingForFirmware(board: Board): string | undefined {
    if (board.port === "posix") return missingFor(device)
    return board.port === "rv32-virt" ? missingForBoard() : undefined
}

async function compileFirmware(config: DeviceConfig, files: BuildFiles): Promise<string> {
    const choose = choiceOf(config.translate, files.debug)
    const images = choose === undefined ? [] : [readFileSync(files.image)]
    if (config.board.port === "posix")
        return buildNative(choose === undefined ? device : withTranslations(device, images, choose), files.folder)
    const translations = choose === undefined ? [] : translationFiles(images, choose)
    return (await buildBoard("main", [], files.folder, translations)).path
}

/**
 * Compiles the firmware of a board that runs on this computer; the program must have been compiled when functions of it become C.
 * @param target where it goes instead of the build's folder
 */
export async function buildFirmware(config: DeviceConfig, files: BuildFiles, target?: string): Promise<string> {
    const missing = missingForFirmware(config.board)
    if (missing !== undefined) throw new UsageError(`the firmware of ${config.board.title} cannot be built: ${missing}`)
    writeConfiguration(config, files)
    const built = await compileFirmware(config, files)
    const place = target ?? files.firmware
    mkdirSync(dirname(place), { recursive: true })
    copyFileSync(built, place)
    return place
}
