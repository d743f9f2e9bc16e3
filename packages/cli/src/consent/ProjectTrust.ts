import * as Permissions from "@parley/workspace/Permissions"
import * as UserConfig from "@parley/workspace/UserConfig"
import * as ProjectServers from "@parley/workspace/ProjectServers"
import * as Trust from "@parley/workspace/Trust"
import * as Effect from "effect/Effect"
import { UsageError } from "@parley/app/UsageError"
import { Output } from "../output/Output.ts"
import type { Setup } from "../configuration/SetupFlags.ts"
import { startOf } from "@parley/app/ToolRules"
import { ask, type Consent } from "./Asking.ts"
import * as TrustText from "./TrustText.ts"

type Server = Trust.Standings["servers"][number]

/** Fails if the file has changed since the question was shown: the answer must not apply to a later definition. */
const unchanged = Effect.fnUntraced(function* (root: string, { hash, name }: Server) {
  const now = (yield* ProjectServers.read(root)).find((server) => server.name === name)
  if (now?.hash !== hash)
    return yield* new UsageError({
      problem: `${name} has changed since it was shown, so nothing was trusted; review it again`
    })
})

/** The user's permissions that match tools of a server, and whether they apply to a server of the project. */
export const permissionsOf = (setup: Setup) => (name: string) =>
  Permissions.concerning(UserConfig.permissionsIn(setup.config, setup.workspace.root), startOf(name))

export interface Shown {
  /** Patterns of tools that may run without approval once the server is trusted. */
  readonly allow: ReadonlyArray<string>
  /** Whether long values are shown completely. */
  readonly full: boolean
}

/** Shows a server of the project, asks the user to decide, and stores the decision. Returns whether there was an answer. */
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
    yield* output.note(`${server.name} stays trusted, with the same permissions`)
    return true
  }
  if (answer === "no") {
    yield* Trust.decide(setup, server, "declined")
    yield* output.note(`${server.name} will not be used; Parley will not mention it again unless it changes`)
    return true
  }
  yield* unchanged(root, server)
  yield* Trust.decide(setup, server, "trusted", allow)
  yield* output.note(`${server.name} is trusted as shown; to revoke: parley mcp trust --revoke ${server.name}`)
  return true
})
