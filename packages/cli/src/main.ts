import process from "node:process"
import { setFlagsFromString } from "node:v8"
import { main } from "./entry/Program.ts"

// Node 26 can wait for ever in `process.exit`: the thread that compiles in the background waits for a garbage collection by
// the main thread, which waits for that thread. Compiling on the main thread takes no longer here.
setFlagsFromString("--no-concurrent-sparkplug")

main(process.argv.slice(2))
