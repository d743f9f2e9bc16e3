import type { ConfigError } from "@parley/domain/Errors"
import { PinError, Pinned, type Pins } from "@parley/mcp/Pins"
import * as PinFiles from "@parley/workspace/PinFiles"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { Setup } from "../Setup.ts"

const decode = Schema.decodeUnknownEffect(Schema.fromJsonString(Pinned))
const failing = ({ message }: ConfigError) => new PinError({ problem: message })

/** What this user has accepted, with the user's data. */
export const filePins = ({ user }: { readonly user: Pick<Setup["user"], "databaseFile"> }): Pins => {
  const pinnedOf = (key: string) => (text: string | undefined) =>
    text === undefined
      ? Effect.undefined
      : Effect.mapError(decode(text), () => {
          const path = PinFiles.fileOf(user, key)
          return new PinError({ problem: `${path} is damaged; remove it, and what comes next is accepted` })
        })
  return {
    read: (key) => Effect.flatMap(Effect.mapError(PinFiles.read(user, key), failing), pinnedOf(key)),
    update: (key, change) =>
      PinFiles.update(user, key, (text) => Effect.map(pinnedOf(key)(text), change)).pipe(
        Effect.mapError((error) => (error._tag === "ConfigError" ? failing(error) : error))
      )
  }
}
