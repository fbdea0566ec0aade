/** How much a log line matters. */
export enum LogLevel {
    debug = 0,
    info = 1,
    warning = 2,
    error = 3,
}
