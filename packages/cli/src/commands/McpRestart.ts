import * as UserServers from "@parley/workspace/UserServers"
import * as Effect from "effect/Effect"
import { ServerTrouble, UsageError } from "../ExitCode.ts"
import { Output } from "../Output.ts"
import * as ServerRestarts from "../ServerRestarts.ts"
import * as Setup from "../Setup.ts"
import { quoted } from "../Slots.ts"
import type { Here } from "./Dynamic.ts"

/** Servers live inside the conversations that use them, so it is those that are asked. */
export const restart = Effect.fn("parley mcp restart")(function* ({
  name,
  workspace
}: Here & { readonly name: string }) {
  const setup = yield* Setup.load({ workspace })
  const output = yield* Output
  if (UserServers.named(setup.servers, name) === undefined)
    return yield* new UsageError({ problem: `There is no server ${quoted(name)}; \`parley mcp list\` lists yours` })
  const { all, failed, ready, silent } = yield* ServerRestarts.elsewhere(setup, name)
  if (all === 0)
    return yield* output.note(`No conversation is running, so there is no ${name} to restart; it starts with the next`)
  const restarted = ready + failed
  yield* output.text(
    `Restarted ${name} in ${restarted} of ${all} running conversation${all === 1 ? "" : "s"}: ${ready} ready, ${failed} not\n`
  )
  if (silent > 0) yield* output.note(`parley: ${silent} did not answer in time`)
  if (failed > 0)
    return yield* new ServerTrouble({
      reason: "Unreachable",
      problem: `${name} does not start; see \`parley mcp logs ${name}\``
    })
})
