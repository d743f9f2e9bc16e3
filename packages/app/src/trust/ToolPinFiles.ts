import type { ConfigError } from "@parley/domain/Errors"
import { PinError, Pinned, type Pins } from "@parley/mcp/ToolPins"
import * as PinFiles from "@parley/workspace/PinFiles"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { Setup } from "../configuration/Setup.ts"

const decode = Schema.decodeUnknownEffect(Schema.fromJsonString(Pinned))
const failing = ({ message }: ConfigError) => new PinError({ problem: message })

/**
 * The pinned tools that this user has accepted, stored with the user's data.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = ({ user }: { readonly user: Pick<Setup["user"], "databaseFile"> }): Pins => {
  const pinnedOf = (key: string) => (text: string | undefined) =>
    text === undefined
      ? Effect.undefined
      : Effect.mapError(decode(text), () => {
          const path = PinFiles.fileOf(user, key)
          return new PinError({ problem: `${path} is damaged; remove it to accept the server's current tools` })
        })
  return {
    read: (key) => Effect.flatMap(Effect.mapError(PinFiles.read(user, key), failing), pinnedOf(key)),
    update: (key, change) =>
      PinFiles.update(user, key, (text) => Effect.map(pinnedOf(key)(text), change)).pipe(
        Effect.mapError((error) => (error._tag === "ConfigError" ? failing(error) : error))
      )
  }
}
