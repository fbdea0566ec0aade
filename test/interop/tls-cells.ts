import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { temporaryFolder } from "../../host/temporary.js"
import { CCM_8, type Cell, type Feature, IDENTITY, KEY, LONG_ALPN, LONG_HINT, SUITES, type SuiteNames } from "./cell.js"
import { freePort, mote, Running, sleep, untilBound, versionOf } from "./process.js"

const PRIORITY = "NONE:+VERS-DTLS1.2:+MAC-ALL:+COMP-NULL:+SIGN-ALL:+GROUP-ALL:%PROFILE_LOW:+PSK"

/** What a cell does differently from the plain one. */
interface Variant {
    what: string
    suite?: SuiteNames
    /** besides "psk" */
    features?: Feature[]
    peer?: string[]
    mote?: string[]
    /** text that the peer's or mote's output must show besides the data */
    shows?: string
    /** bytes of the longest message that ours sends */
    longest?: number
    /** both lines are written at once and must arrive before anything else is sent */
    together?: boolean
    expected?: string
}

/** How to run a peer in one role. */
interface PeerKind {
    peer: string
    version: string
    needs: string[]
    server: (port: number, suite: SuiteNames) => string[]
    client: (port: number, suite: SuiteNames) => string[]
    /** gnutls-serv sends nothing of its own: it echoes */
    echoes: boolean
}

function pskFile(): string {
    const path = join(temporaryFolder("interop"), "psk.txt")
    writeFileSync(path, `${IDENTITY}:${KEY}\n`)
    return path
}

function openssl(): PeerKind {
    const psk = ["-psk", KEY]
    return {
        peer: "openssl",
        version: versionOf("openssl", "version"),
        needs: ["openssl"],
        server: (port, suite) => [
            ...["openssl", "s_server", "-dtls1_2", "-accept", `127.0.0.1:${port}`, "-nocert", ...psk],
            ...["-cipher", suite.openssl, "-brief"],
        ],
        client: (port, suite) => [
            ...["openssl", "s_client", "-dtls1_2", "-connect", `127.0.0.1:${port}`, ...psk, "-psk_identity", IDENTITY],
            ...["-cipher", suite.openssl, "-brief", "-nocommands"],
        ],
        echoes: false,
    }
}

function gnutls(): PeerKind {
    const file = pskFile()
    return {
        peer: "gnutls",
        version: versionOf("gnutls-cli", "--version"),
        needs: ["gnutls-cli", "gnutls-serv"],
        server: (port, suite) => [
            ...["gnutls-serv", "--udp", "-p", `${port}`, "--echo", "--pskpasswd", file],
            ...["--priority", `${PRIORITY}:+${suite.gnutls}`],
        ],
        client: (port, suite) => [
            ...["gnutls-cli", "--udp", "-p", `${port}`, "--priority", `${PRIORITY}:+${suite.gnutls}`],
            ...["--pskusername", IDENTITY, "--pskkey", KEY, "127.0.0.1"],
        ],
        echoes: true,
    }
}

function cell(
    kind: PeerKind,
    role: Cell["role"],
    variant: Variant,
    commands: [string[], string[]],
    run: Cell["run"],
): Cell {
    return {
        peer: kind.peer,
        version: kind.version,
        role,
        suite: (variant.suite ?? CCM_8).iana,
        what: variant.what,
        features: ["psk", ...(variant.features ?? [])],
        command: commands.map((words) => words.join(" ").replace(process.execPath, "node")).join("  ||  "),
        needs: kind.needs,
        run,
        expected: variant.expected ?? "ok",
    }
}

/** Ends all programs, whatever happens. */
async function withPrograms(body: (start: (command: string[]) => Running) => Promise<string>): Promise<string> {
    const programs: Running[] = []
    try {
        return await body((command) => {
            const program = new Running(command)
            programs.push(program)
            return program
        })
    } finally {
        await Promise.all(programs.map((program) => program.end()))
    }
}

const psk = ["--psk", `${IDENTITY}:${KEY}`]
const ONE_RECORD = "the second record of a datagram is read only when the next datagram comes"

/** mote client against the peer's server. */
function againstServer(kind: PeerKind, variant: Variant): Cell {
    const suite = variant.suite ?? CCM_8
    const server = (port: number): string[] => [...kind.server(port, suite), ...(variant.peer ?? [])]
    const client = (port: number): string[] =>
        mote("client", `127.0.0.1:${port}`, ...psk, "--suite", suite.iana, "--wait", "100", ...(variant.mote ?? []))
    return cell(kind, "server", variant, [server(4433), client(4433)], () =>
        withPrograms(async (start) => {
            const port = await freePort()
            const peer = start(server(port))
            await untilBound(port)
            const ours = start(client(port))
            await ours.expect(`connected: DTLS 1.2, ${suite.iana}`)
            if (variant.shows !== undefined) await ours.expect(variant.shows)
            if (variant.together === true) {
                ours.write("first up\nsecond up\n")
                const seen = kind.echoes ? ours : peer
                await seen.expect("first up")
                return (await seen.has("second up", 1500)) ? "ok" : ONE_RECORD
            }
            ours.write("hello up\n")
            if (kind.echoes) await ours.expect("hello up")
            else {
                await peer.expect("hello up")
                peer.write("hello down\n")
                await ours.expect("hello down")
            }
            await refusesLonger(ours, variant.longest)
            ours.endInput()
            return "ok"
        }),
    )
}

async function refusesLonger(ours: Running, longest: number | undefined): Promise<void> {
    if (longest === undefined) return
    ours.write(`${"x".repeat(longest + 1)}\n`)
    await ours.expect(`maximum is ${longest} bytes`)
}

/** The peer's client against mote server. */
function againstClient(kind: PeerKind, variant: Variant): Cell {
    const suite = variant.suite ?? CCM_8
    const client = (port: number): string[] => {
        const words = kind.client(port, suite)
        // gnutls-cli wants the host last.
        return kind.echoes
            ? [...words.slice(0, -1), ...(variant.peer ?? []), ...words.slice(-1)]
            : [...words, ...(variant.peer ?? [])]
    }
    const server = (port: number): string[] =>
        mote(
            "server",
            "--host",
            "127.0.0.1",
            "--port",
            `${port}`,
            ...psk,
            "--suite",
            suite.iana,
            ...(variant.mote ?? []),
        )
    return cell(kind, "client", variant, [client(4433), server(4433)], () =>
        withPrograms(async (start) => {
            const port = await freePort()
            const ours = start(server(port))
            await untilBound(port)
            const peer = start(client(port))
            await ours.expect(`client 1 connected: ${suite.iana}`)
            if (kind.echoes) await peer.expect("Simple Client Mode")
            if (variant.shows !== undefined) await peer.expect(variant.shows)
            if (variant.together === true) {
                ours.write("first down\nsecond down\n")
                await peer.expect("first down")
                return (await peer.has("second down", 1500)) ? "ok" : ONE_RECORD
            }
            peer.write("hello up\n")
            await ours.expect("hello up")
            ours.write("hello down\n")
            await peer.expect("hello down")
            await refusesLonger(ours, variant.longest)
            await sleep(20)
            return "ok"
        }),
    )
}

/** Every cell of OpenSSL and GnuTLS. */
export function tlsCells(): Cell[] {
    const [ssl, tls] = [openssl(), gnutls()]
    const cells: Cell[] = []
    for (const suite of SUITES) {
        const variant = { what: "handshake, data both ways", suite }
        for (const kind of [ssl, tls]) cells.push(againstServer(kind, variant), againstClient(kind, variant))
    }
    const ours = ["--mtu", "228"]
    cells.push(
        againstServer(ssl, { what: "stateless cookie (-listen)", peer: ["-listen"] }),
        againstServer(ssl, {
            what: "ServerKeyExchange in fragments of 228 bytes",
            features: ["fragments"],
            peer: ["-psk_hint", LONG_HINT],
        }),
        againstServer(tls, { what: "flight in fragments of 80 bytes", features: ["fragments"], peer: ["--mtu=80"] }),
        againstServer(ssl, {
            what: "our ClientHello in fragments",
            features: ["fragments"],
            mote: [...ours, "--alpn", LONG_ALPN],
        }),
        againstServer(tls, {
            what: "our ClientHello in fragments",
            features: ["fragments"],
            mote: [...ours, "--alpn", LONG_ALPN],
        }),
        againstClient(ssl, {
            what: "its ClientHello in fragments",
            features: ["fragments"],
            peer: ["-mtu", "256", "-alpn", LONG_ALPN],
            mote: ["--alpn", "coap"],
        }),
        againstClient(tls, {
            what: "its ClientHello in fragments of 100 bytes",
            features: ["fragments"],
            peer: ["--mtu=100"],
        }),
        againstClient(ssl, {
            what: "our flight in fragments",
            features: ["fragments"],
            mote: [...ours, "--hint", LONG_HINT],
        }),
        againstClient(tls, {
            what: "our flight in fragments",
            features: ["fragments"],
            mote: [...ours, "--hint", LONG_HINT],
        }),
        againstServer(ssl, {
            what: "ALPN",
            features: ["alpn"],
            peer: ["-alpn", "coap"],
            mote: ["--alpn", "h2,coap"],
            shows: "ALPN coap",
        }),
        againstServer(ssl, {
            what: "two records in one datagram",
            features: ["coalesce"],
            mote: ["--coalesce"],
            together: true,
        }),
        againstServer(tls, {
            what: "two records in one datagram",
            features: ["coalesce"],
            mote: ["--coalesce"],
            together: true,
        }),
        againstClient(ssl, {
            what: "two records in one datagram",
            features: ["coalesce"],
            mote: ["--coalesce"],
            together: true,
        }),
        againstClient(tls, {
            what: "two records in one datagram",
            features: ["coalesce"],
            mote: ["--coalesce"],
            together: true,
            expected: ONE_RECORD,
        }),
    )
    return [
        ...cells,
        ...limitCells(ssl, tls),
        ...resumptionCells(ssl, tls),
        exporterCell(ssl),
        noCommonSuiteServer(ssl),
        noCommonSuiteClient(ssl),
    ]
}

/** A message that is longer than the limit is refused before it is sent, which shows that the limit was agreed on. */
function limitCells(ssl: PeerKind, tls: PeerKind): Cell[] {
    const mfl = { what: "max_fragment_length of 512", features: ["mfl"] as Feature[] }
    const size = { what: "record_size_limit", features: ["record-size-limit"] as Feature[] }
    return [
        againstServer(ssl, { ...mfl, mote: ["--max-fragment", "512"], longest: 512 }),
        againstServer(tls, { ...mfl, mote: ["--max-fragment", "512"], longest: 512 }),
        againstClient(ssl, { ...mfl, peer: ["-maxfraglen", "512"], mote: ["--max-fragment", "0"], longest: 512 }),
        againstServer(tls, { ...size, peer: ["--recordsize", "700"], mote: ["--record-size", "600"], longest: 700 }),
        againstClient(tls, { ...size, peer: ["--recordsize=700"], mote: ["--record-size", "600"], longest: 700 }),
    ]
}

function resumptionCells(ssl: PeerKind, tls: PeerKind): Cell[] {
    const [byId, byTicket]: Feature[] = ["resumption-id", "ticket"]
    const [id, ticket] = ["resumption by session id", "resumption by ticket"]
    return [
        resumedByServer(ssl, { what: id, features: [byId], peer: ["-no_ticket"] }),
        resumedByServer(ssl, { what: ticket, features: [byTicket] }),
        resumedByServer(tls, { what: id, features: [byId], peer: ["--noticket"] }),
        resumedByServer(tls, { what: ticket, features: [byTicket] }),
        resumedByOpenssl(ssl, { what: id, features: [byId], mote: ["--no-tickets"] }),
        resumedByOpenssl(ssl, { what: ticket, features: [byTicket] }),
        resumedByGnutls(tls, { what: id, features: [byId], mote: ["--no-tickets"] }),
        resumedByGnutls(tls, { what: ticket, features: [byTicket] }),
    ]
}

/** mote client connects twice to the peer's server. */
function resumedByServer(kind: PeerKind, variant: Variant): Cell {
    const server = (port: number): string[] => [...kind.server(port, CCM_8), ...(variant.peer ?? [])]
    const client = (port: number, file: string): string[] =>
        mote("client", `127.0.0.1:${port}`, ...psk, "--suite", CCM_8.iana, "--wait", "100", "--session", file)
    return cell(kind, "server", variant, [server(4433), client(4433, "session")], () =>
        withPrograms(async (start) => {
            const port = await freePort()
            const file = join(temporaryFolder("interop"), `session-${port}`)
            const peer = start(server(port))
            await untilBound(port)
            for (const connected of ["; handshake", ", resumed"]) {
                const ours = start(client(port, file))
                await ours.expect(`connected: DTLS 1.2, ${CCM_8.iana}${connected}`)
                ours.write(`hello${connected}\n`)
                await (kind.echoes ? ours : peer).expect(`hello${connected}`)
                ours.endInput()
                await ours.ended()
            }
            return "ok"
        }),
    )
}

function resumingServer(variant: Variant): (port: number) => string[] {
    const at = (port: number): string[] => ["--host", "127.0.0.1", "--port", `${port}`]
    return (port) => mote("server", ...at(port), ...psk, "--suite", CCM_8.iana, "--sessions", ...(variant.mote ?? []))
}

/** openssl s_client connects twice to mote server: -sess_out, then -sess_in. */
function resumedByOpenssl(kind: PeerKind, variant: Variant): Cell {
    const server = resumingServer(variant)
    const client = (port: number, file: string): string[] => [...kind.client(port, CCM_8), "-sess_out", file]
    return cell(kind, "client", variant, [client(4433, "session.pem"), server(4433)], () =>
        withPrograms(async (start) => {
            const port = await freePort()
            const file = join(temporaryFolder("interop"), `session-${port}.pem`)
            const ours = start(server(port))
            await untilBound(port)
            const first = start(client(port, file))
            await first.expect("CONNECTION ESTABLISHED")
            first.endInput()
            await first.ended()
            const second = start([...client(port, file), "-sess_in", file])
            await ours.expect(`client 2 connected: ${CCM_8.iana}, resumed`)
            second.write("hello up\n")
            await ours.expect("hello up")
            ours.write("hello down\n")
            await second.expect("hello down")
            return "ok"
        }),
    )
}

/** gnutls-cli --resume connects twice by itself. */
function resumedByGnutls(kind: PeerKind, variant: Variant): Cell {
    const server = resumingServer(variant)
    const client = (port: number): string[] => {
        const words = kind.client(port, CCM_8)
        return [...words.slice(0, -1), "--resume", ...words.slice(-1)]
    }
    return cell(kind, "client", variant, [client(4433), server(4433)], () =>
        withPrograms(async (start) => {
            const port = await freePort()
            const ours = start(server(port))
            await untilBound(port)
            const peer = start(client(port))
            await ours.expect(`client 2 connected: ${CCM_8.iana}, resumed`)
            await peer.expect("*** This is a resumed session")
            peer.write("hello up\n")
            await ours.expect("hello up")
            ours.write("hello down\n")
            await peer.expect("hello down")
            return "ok"
        }),
    )
}

const NO_COMMON_SUITE = "no suite in common: handshake_failure (RFC 5246 §7.4.1.3), named on both sides"
const [, , , , GCM] = SUITES

/** OpenSSL's server has no suite of ours: what it prints is its own reason, so our report is what shows its alert. */
function noCommonSuiteServer(kind: PeerKind): Cell {
    const server = (port: number): string[] => kind.server(port, GCM)
    const client = (port: number): string[] => mote("client", `127.0.0.1:${port}`, ...psk, "--suite", CCM_8.iana)
    return cell(kind, "server", { what: NO_COMMON_SUITE }, [server(4433), client(4433)], () =>
        withPrograms(async (start) => {
            const port = await freePort()
            const peer = start(server(port))
            await untilBound(port)
            const ours = start(client(port))
            await peer.expect("no shared cipher")
            await ours.expect("mote: the peer ended the handshake, alert handshake_failure (40)")
            return "ok"
        }),
    )
}

/** OpenSSL's client has no suite of ours. */
function noCommonSuiteClient(kind: PeerKind): Cell {
    const client = (port: number): string[] => kind.client(port, GCM)
    const server = (port: number): string[] =>
        mote("server", "--host", "127.0.0.1", "--port", `${port}`, ...psk, "--suite", CCM_8.iana, "--trace")
    return cell(kind, "client", { what: NO_COMMON_SUITE }, [client(4433), server(4433)], () =>
        withPrograms(async (start) => {
            const port = await freePort()
            const ours = start(server(port))
            await untilBound(port)
            const peer = start(client(port))
            await peer.expect("SSL alert number 40")
            await ours.expect("Alert handshake_failure (40)")
            return "ok"
        }),
    )
}

/** The exporter gives what OpenSSL's gives. */
function exporterCell(kind: PeerKind): Cell {
    const label = "EXPORTER-mote-interop"
    const server = (port: number): string[] => [
        ...kind.server(port, CCM_8).filter((word) => word !== "-brief"),
        ...["-keymatexport", label, "-keymatexportlen", "32"],
    ]
    const client = (port: number): string[] => mote("client", `127.0.0.1:${port}`, ...psk, "--export", label)
    return cell(
        kind,
        "server",
        { what: "exporter (RFC 5705), so the same session hash [H16]", features: ["exporter"] },
        [server(4433), client(4433)],
        () =>
            withPrograms(async (start) => {
                const port = await freePort()
                const peer = start(server(port))
                await untilBound(port)
                const ours = start(client(port))
                await ours.expect("keying material: ")
                await peer.expect("Keying material: ")
                const theirs = /Keying material: ([0-9A-F]{64})/.exec(peer.output)?.[1]
                const mine = /keying material: ([0-9a-f]{64})/.exec(ours.output)?.[1]
                return theirs !== undefined && theirs.toLowerCase() === mine
                    ? "ok"
                    : "the two sides export different bytes"
            }),
    )
}

export { ONE_RECORD, withPrograms }
