import * as UserServers from "@parley/workspace/UserServers"
import * as Effect from "effect/Effect"
import { ServerTrouble } from "@parley/app/ServerTrouble"
import { UsageError } from "@parley/app/UsageError"
import { Output } from "../../output/Output.ts"
import * as ServerRestarts from "@parley/app/ServerRestarts"
import * as SetupFlags from "../../configuration/SetupFlags.ts"
import { quoted } from "@parley/app/SlotOptions"
import type { Here } from "../DynamicCommand.ts"

/** Restarts a server in every running conversation: each conversation process has its own instance of the server. */
export const restart = Effect.fn("parley mcp restart")(function* ({
  name,
  workspace
}: Here & { readonly name: string }) {
  const setup = yield* SetupFlags.load({ workspace })
  const output = yield* Output
  if (UserServers.named(setup.servers, name) === undefined)
    return yield* new UsageError({
      problem: `There is no server ${quoted(name)}; \`parley mcp list\` lists your servers`
    })
  const { all, failed, ready, silent } = yield* ServerRestarts.elsewhere(setup, name)
  if (all === 0)
    return yield* output.note(
      `No conversation is running, so ${name} was not restarted; it starts with the next conversation`
    )
  const restarted = ready + failed
  yield* output.text(
    `Restarted ${name} in ${restarted} of ${all} running conversation${all === 1 ? "" : "s"}: ${ready} ready, ${failed} failed\n`
  )
  if (silent > 0)
    yield* output.note(`parley: ${silent} running conversation${silent === 1 ? "" : "s"} did not answer in time`)
  if (failed > 0)
    return yield* new ServerTrouble({
      reason: "Unreachable",
      problem: `${name} did not start; see \`parley mcp logs ${name}\``
    })
})
