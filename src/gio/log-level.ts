/** Severity of a log line. */
export enum LogLevel {
    debug = 0,
    info = 1,
    warning = 2,
    error = 3,
}
