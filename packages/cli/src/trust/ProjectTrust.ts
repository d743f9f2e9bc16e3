import * as Permissions from "@parley/workspace/Permissions"
import * as ProjectServers from "@parley/workspace/ProjectServers"
import * as Trust from "@parley/workspace/Trust"
import * as Effect from "effect/Effect"
import { UsageError } from "../ExitCode.ts"
import { Output } from "../Output.ts"
import type { Setup } from "../Setup.ts"
import { startOf } from "../ToolRules.ts"
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

/** The user's permissions that fit tools of a server, and whether they count for one of the project. */
export const permissionsOf = (setup: Setup) => (name: string) =>
  Permissions.concerning(setup.config.permissions ?? {}, startOf(name))

export interface Shown {
  /** Patterns of its tools that may run without asking once it is trusted. */
  readonly allow: ReadonlyArray<string>
  /** Long values are shown whole. */
  readonly full: boolean
}

/** Shows all of a server of the project and has the user decide on it. Says whether there was an answer. */
export const decide = Effect.fnUntraced(function* (
  setup: Setup,
  server: Server,
  consent: Consent,
  { allow, full }: Shown
) {
  const output = yield* Output
  const { root } = setup.workspace
  const said = { permissions: permissionsOf(setup)(server.name), allow }
  yield* output.text(`${TrustText.words(root, server, said, full)}\n`)
  const answer = yield* ask("  trust exactly this? yes, [N]o: ", server.hash, consent)
  if (answer === "none") return false
  if (answer === "no" && server.standing === "trusted") {
    yield* output.note(`${server.name} stays as it was`)
    return true
  }
  if (answer === "no") {
    yield* Trust.decide(setup, server, "declined")
    yield* output.note(`${server.name} is not used; you are not told of it again unless it changes`)
    return true
  }
  yield* unchanged(root, server)
  yield* Trust.decide(setup, server, "trusted", allow)
  yield* output.note(`${server.name} is trusted as it is; \`parley mcp trust --revoke ${server.name}\` takes that back`)
  return true
})
