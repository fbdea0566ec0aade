/** The folder src, relative to src/sensor/configured.ts. */
const SOURCES = ".."

/** An import in that module. @param module path relative to src, without extension */
export const importing = (names: string, module: string): string => `import { ${names} } from "${SOURCES}/${module}.js"`
