#!/usr/bin/env node
/*
 * The command mote. Begins what takes longest at a first start before most modules are loaded, which takes seconds
 * itself.
 */
import { prepareMachine } from "../build/wasm.js"

if (process.argv[2] === "start") prepareMachine()
await import("./command-line.js")
