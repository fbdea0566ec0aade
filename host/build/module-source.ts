/** The folder src, as src/sensor/configured.ts names it. */
const SOURCES = ".."

/** A line of that module. @param module relative to src, without its ending */
export const importing = (names: string, module: string): string => `import { ${names} } from "${SOURCES}/${module}.js"`
