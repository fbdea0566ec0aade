/** Makes a command's action for the library: the number that `action` returns becomes the exit code. */
export function exiting<Parameters extends unknown[]>(
    action: (...parameters: Parameters) => number | Promise<number>,
): (...parameters: Parameters) => Promise<void> {
    return async (...parameters) => {
        process.exitCode = await action(...parameters)
    }
}
