import { createHash } from "node:crypto"
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { cacheFolder } from "../folders.js"
import { type Choice, everyFunction, translateImage, translationList } from "./translate.js"

const cache = cacheFolder("translated")

function keep(name: string, text: string): string {
    const path = join(cache, name)
    if (existsSync(path) && readFileSync(path, "utf8") === text) return path
    mkdirSync(cache, { recursive: true })
    writeFileSync(`${path}.${process.pid}`, text)
    renameSync(`${path}.${process.pid}`, path)
    return path
}

const hashOf = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, 16)

/**
 * C files with the translations of some images and their list, for a firmware that is built with MOTE_TRANSLATED. Their
 * names contain a hash of their content.
 * @param choose the functions of each image that become C
 */
export function translationFiles(images: Buffer[], choose: Choice = everyFunction): string[] {
    const translations = images.map((image) => translateImage(image, choose(image)))
    const unique = [...new Map(translations.map((translation) => [translation.name, translation])).values()]
    const list = translationList(unique.map(({ name }) => name))
    const sources = unique.map(({ name, source }) => keep(`${name}-${hashOf(source)}.c`, source))
    return [...sources, keep(`list-${hashOf(list)}.c`, list)]
}
