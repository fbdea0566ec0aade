/* The page of mote-gateway: reads status.json and draws it. What devices sent enters the page as text only. */
import uPlot from "./uplot.js"

const REFRESH = 2000

/** The shortest time that a chart shows, s; a young gateway has fewer samples than that. */
const LEAST_SHOWN = 120

const CHARTS = [
    { key: "peers", title: "Devices", unit: "" },
    { key: "readings", title: "Requests with readings", unit: " in 5 s" },
    { key: "handshakes", title: "Handshakes", unit: " in 5 s" },
    { key: "failures", title: "Failed handshakes", unit: " in 5 s" },
    { key: "roundTrip", title: "Handshake time, median", unit: " ms" },
    { key: "retransmissions", title: "Flights sent again", unit: " in 5 s" },
]

const byId = (id) => document.getElementById(id)

function element(name, text = "", className = "") {
    const made = document.createElement(name)
    made.textContent = text
    made.className = className
    return made
}

function drawTable(id, heads, rows, empty) {
    const line = (kind, cells) => {
        const row = element("tr")
        cells.forEach((cell, at) => row.append(element(kind, cell, heads[at]?.optional === true ? "optional" : "")))
        return row
    }
    const names = heads.map(({ name }) => name)
    const lines = rows.map((cells) => line("td", cells))
    byId(id).replaceChildren(...(rows.length === 0 ? [line("td", [empty])] : [line("th", names), ...lines]))
}

/** Range of the time axis, s: the samples, and at least the last two minutes. uPlot's own range ends a day too late while there is one sample. */
function lastMinutes({ data: [times] }) {
    const end = times.at(-1) ?? Date.now() / 1000
    return [Math.min(times[0] ?? end, end - LEAST_SHOWN), end]
}

class Chart {
    constructor({ key, title, unit }) {
        this.key = key
        this.unit = unit
        this.figure = element("figure")
        this.output = element("output")
        const caption = element("figcaption", title)
        caption.append(this.output)
        this.figure.append(caption)
        byId("charts").append(this.figure)
        const color = getComputedStyle(document.body).color
        const axis = { stroke: color, grid: { stroke: "#8883", width: 1 }, ticks: { show: false } }
        const values = (_plot, splits) => splits.map((time) => new Date(time * 1000).toTimeString().slice(0, 5))
        // A round trip may stand alone, with no line to another one: only a point shows it.
        const points = { size: 4, ...(key === "roundTrip" && { show: true }) }
        const options = {
            ...this.size(),
            legend: { show: false },
            cursor: { show: false },
            scales: {
                x: { range: lastMinutes },
                y: { range: (_plot, _least, most) => [0, Math.max(most ?? 0, 1) * 1.1] },
            },
            axes: [
                { ...axis, values, space: 60, size: 24, incrs: [60, 120, 300, 600] },
                { ...axis, size: 45, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000] },
            ],
            series: [{}, { stroke: "#27c", width: 2, fill: "#27c2", spanGaps: true, points }],
        }
        this.plot = new uPlot(options, [[], []], this.figure)
        new ResizeObserver(() => this.plot.setSize(this.size())).observe(this.figure)
    }

    size() {
        return { width: Math.max(this.figure.clientWidth - 20, 100), height: 130 }
    }

    draw(samples) {
        const values = samples.map((sample) => sample[this.key])
        this.plot.setData([samples.map(({ time }) => time), values])
        const last = values.findLast((value) => value !== null)
        this.output.textContent = last === undefined ? "–" : `${Math.round(last)}${this.unit}`
    }
}

const reading = ({ name, value, unit }) => `${name} ${value}${unit === "Cel" ? " °C" : unit === "" ? "" : ` ${unit}`}`

const counted = (count, name) => `${count} ${name}${count === 1 ? "" : "s"}`

function draw(status) {
    for (const chart of charts) chart.draw(status.samples)
    drawTable("failures", [{ name: "reason" }, { name: "since the start" }], Object.entries(status.failures), "none")
    const sinks = status.sinks.map(({ name, waiting, room }) => [name, `${waiting}`, room ? "takes readings" : "full"])
    drawTable("sinks", [{ name: "sink" }, { name: "waiting" }, { name: "state" }], sinks, "none configured")
    const rows = status.devices.map(({ identity, address, time, path, readings }) => [
        identity ?? "",
        readings.map(reading).join(", "),
        new Date(time).toTimeString().slice(0, 8),
        path,
        address ?? "",
    ])
    const heads = [
        { name: "device" },
        { name: "readings" },
        { name: "time" },
        { name: "path", optional: true },
        { name: "address", optional: true },
    ]
    drawTable("devices", heads, rows, "none yet")
    byId("state").className = ""
    byId("state").textContent =
        `${counted(status.peers, "session")} of ${counted(status.identities, "device")}, ${status.listening.join(", ")}`
}

async function refresh() {
    try {
        draw(await (await fetch("status.json")).json())
    } catch {
        byId("state").className = "trouble"
        byId("state").textContent = "the gateway does not answer: check that it runs"
    }
    setTimeout(() => void refresh(), REFRESH)
}

const charts = CHARTS.map((chart) => new Chart(chart))
void refresh()
