// A browser that agrees to everything: it opens the address and goes where that leads, which is back to who asked.
import process from "node:process"

const answer = await fetch(process.argv.at(-1))
await answer.text()
