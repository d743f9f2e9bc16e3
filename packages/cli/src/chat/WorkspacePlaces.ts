import type { Places } from "@parley/app/SessionChoice"
import * as SharedSessions from "@parley/app/SharedSessions"
import * as WorkspaceMoves from "@parley/app/WorkspaceMoves"
import * as Effect from "effect/Effect"
import type { Setup } from "../configuration/SetupFlags.ts"
import { Output } from "../output/Output.ts"

const sessions = (count: number): string => (count === 1 ? "its session is" : `its ${count} sessions are`)

/** Brings the sessions of a workspace that was moved along, and reports that. Returns where else sessions of it may be. */
export const find = Effect.fnUntraced(function* (setup: Setup): Effect.fn.Return<Places, never, Output> {
  const output = yield* Output
  for (const { from, sessions: ids } of yield* WorkspaceMoves.settle(setup))
    yield* output.note(`parley: this directory was ${from} before; ${sessions(ids.length)} here now`)
  return { shared: yield* SharedSessions.of(setup), offered: WorkspaceMoves.offered(setup) }
})
