#!/usr/bin/env node
/* The command mote. What takes longest at a first start begins before most modules are loaded, which takes seconds, too. */
import { prepareMachine } from "../build/wasm.js"

if (process.argv[2] === "start") prepareMachine()
await import("./command-line.js")
