/*
 * npm run watch -- THEME [mocha's options]: runs a theme's tests, and again whenever a source changes, each time in a
 * new process: mocha's own --watch stays in one process, in which modules are never reloaded.
 */
import { spawn } from "node:child_process"
import { existsSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const [theme, ...options] = process.argv.slice(2)
const isFile = theme?.endsWith(".spec.ts") === true

if (theme === undefined || !existsSync(isFile ? theme : join(root, "test", "node", theme))) {
    process.stderr.write("npm run watch -- THEME or FILE.spec.ts; themes are the folders of test/node\n")
    process.exit(2)
}

const module = (...path) => join(root, "node_modules", ...path)
const folders = ["src", "host", "test", ...(isFile ? [dirname(theme)] : [])]
const included = folders.flatMap((folder) => ["--include", `${folder}/**/*.ts`])
const specs = isFile ? theme : `test/node/${theme}/**/*.spec.ts`
const watch = [module("tsx", "dist", "cli.mjs"), "watch", "--clear-screen=false", ...included]

// tsx's socket and cache are below the temporary directory.
const child = spawn(process.execPath, [...watch, module("mocha", "bin", "mocha.js"), specs, ...options], {
    cwd: root,
    stdio: "inherit",
    env: { ...process.env, TMPDIR: join(root, ".cache") },
})
child.on("exit", (code) => (process.exitCode = code ?? 1))
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal))
