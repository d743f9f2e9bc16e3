import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import { type McpServerConfig, ServerName } from "@parley/domain/McpServerConfig"
import * as Schema from "effect/Schema"
import { ServerRequests } from "@parley/domain/ServerRequests"
import { makeDialogue } from "./Dialogue.ts"
import { logFile } from "./internal/LogFile.ts"
import type { McpServersOptions } from "./McpServersOptions.ts"
import type { ServerSecrets } from "./ServerSecrets.ts"
import { makeServerLog, noLog } from "./ServerLog.ts"

const isName = Schema.is(ServerName)

/** What a configured server may ask of whoever answers here, and where what it says is written down. */
export const dialogueOf = Effect.fnUntraced(function* (
  name: string,
  config: McpServerConfig,
  logs: McpServersOptions["logs"],
  secrets: ServerSecrets
) {
  const requests = yield* ServerRequests
  const clock = yield* Clock.Clock
  const now = () => clock.currentTimeMillisUnsafe()
  // A name that no configuration takes is none for a file.
  if (logs === undefined || !isName(name))
    return yield* makeDialogue(name, config.sampling ?? "deny", requests, noLog, secrets)
  const { directory } = logs
  const write = yield* logFile(typeof directory === "string" ? directory : directory(name), name)
  const log = makeServerLog({
    write: (line) => write(`${DateTime.formatIso(DateTime.makeUnsafe(now()))} ${line}`),
    conceal: logs.conceal(config),
    now
  })
  return yield* makeDialogue(name, config.sampling ?? "deny", requests, log, secrets)
})
