import * as ProjectServers from "@parley/workspace/ProjectServers"
import * as Trust from "@parley/workspace/Trust"
import * as Effect from "effect/Effect"
import { UsageError } from "../ExitCode.ts"
import { Output } from "../Output.ts"
import type { Setup } from "../Setup.ts"
import { ask, type Consent } from "./Asking.ts"
import * as TrustText from "./TrustText.ts"

type Server = Trust.Standings["servers"][number]

/** What the file says now must be what was shown: whoever writes to it meanwhile must not have the answer. */
const unchanged = Effect.fnUntraced(function* (root: string, { hash, name }: Server) {
  const now = (yield* ProjectServers.read(root)).find((server) => server.name === name)
  if (now?.hash !== hash)
    return yield* new UsageError({
      problem: `${name} has been changed since it was shown, so nothing was trusted; look at it again`
    })
})

/** Shows all of a server of the project and has the user decide on it. Says whether there was an answer. */
export const decide = Effect.fnUntraced(function* (setup: Setup, server: Server, consent: Consent) {
  const output = yield* Output
  const { root } = setup.workspace
  yield* output.text(`${TrustText.words(root, server)}\n`)
  const answer = yield* ask("  trust exactly this? yes, [N]o: ", server.hash, consent)
  if (answer === "none") return false
  if (answer === "no") {
    yield* Trust.decide(setup, server, "declined")
    yield* output.note(`${server.name} is not used; you are not told of it again unless it changes`)
    return true
  }
  yield* unchanged(root, server)
  yield* Trust.decide(setup, server, "trusted")
  yield* output.note(`${server.name} is trusted as it is; \`parley mcp trust --revoke ${server.name}\` takes that back`)
  return true
})
