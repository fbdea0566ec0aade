import { watch } from "chokidar"
import { type GatewayService } from "./service.js"

/** A file that is being written changes several times: it is read when nothing has changed for so long, ms. */
const SETTLED = 200

/**
 * Reads the configuration again when it, or a file or folder that it names, has changed.
 * Resolves when no change is missed any more.
 * @returns a function that ends that
 */
export async function watchSources(service: GatewayService): Promise<() => Promise<void>> {
    let timer: NodeJS.Timeout | undefined
    let watched = service.sourceFiles()
    const watcher = watch(watched, { ignoreInitial: true, depth: 0 })
    await new Promise<void>((resolve) => watcher.once("ready", resolve))
    const reload = async (): Promise<void> => {
        await service.reload()
        const now = service.sourceFiles()
        watcher.unwatch(watched.filter((path) => !now.includes(path)))
        watcher.add(now.filter((path) => !watched.includes(path)))
        watched = now
    }
    watcher.on("all", () => {
        clearTimeout(timer)
        timer = setTimeout(() => void reload(), SETTLED)
    })
    return async () => {
        clearTimeout(timer)
        await watcher.close()
    }
}
