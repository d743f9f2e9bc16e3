import type { ConfigError } from "@parley/domain/Errors"
import { PinError, Pinned, type Pins } from "@parley/mcp/Pins"
import * as PinFiles from "@parley/workspace/PinFiles"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { Setup } from "../Setup.ts"

const decode = Schema.decodeUnknownEffect(Schema.fromJsonString(Pinned))
const failing = ({ message }: ConfigError) => new PinError({ problem: message })

/** What this user has accepted, with the user's data. */
export const filePins = ({ user }: { readonly user: Pick<Setup["user"], "databaseFile"> }): Pins => ({
  read: (key) =>
    PinFiles.read(user, key).pipe(
      Effect.mapError(failing),
      Effect.flatMap((text) =>
        text === undefined
          ? Effect.undefined
          : Effect.mapError(
              decode(text),
              () =>
                new PinError({
                  problem: `${PinFiles.fileOf(user, key)} is damaged; remove it, and what comes next is accepted`
                })
            )
      )
    ),
  write: (key, pinned) => Effect.mapError(PinFiles.write(user, key, pinned), failing)
})
