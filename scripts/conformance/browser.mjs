// A browser that approves every login: it opens the address and follows all redirects, which lead back to the client.
import process from "node:process"

const answer = await fetch(process.argv.at(-1))
await answer.text()
