import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { cacheFolder } from "../folders.js"
import { translateImage, translationList } from "./translate.js"

const cache = cacheFolder("translated")

function keep(name: string, text: string): string {
    const path = join(cache, name)
    if (existsSync(path) && readFileSync(path, "utf8") === text) return path
    mkdirSync(cache, { recursive: true })
    writeFileSync(`${path}.${process.pid}`, text)
    renameSync(`${path}.${process.pid}`, path)
    return path
}

/** C files with the translations of some images and their list, for a firmware that is built with MOTE_TRANSLATED. */
export function translationFiles(images: Buffer[]): string[] {
    const translations = images.map(translateImage)
    const unique = [...new Map(translations.map((translation) => [translation.name, translation])).values()]
    const names = unique.map(({ name }) => name)
    const list = `list-${names.length === 1 ? names[0] : `${names[0]}-${names.length}`}.c`
    return [...unique.map(({ name, source }) => keep(`${name}.c`, source)), keep(list, translationList(names))]
}
