import { ConfigError } from "@parley/domain/Errors"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { alone } from "./internal/Alone.ts"
import * as Atomic from "./internal/Atomic.ts"
import * as Disk from "./internal/Disk.ts"
import * as Owned from "./internal/Owned.ts"
import * as Text from "./internal/Text.ts"
import { isMissing, Unreadable } from "./internal/Unreadable.ts"
import type { UserLocations } from "./Locations.ts"

/** What the user has accepted of each server, one file for each, with the user's data. */
type Place = Pick<UserLocations, "databaseFile">

const limit = 64 * 1024 * 1024

export const fileOf = ({ databaseFile }: Place, key: string): string =>
  Disk.join(Disk.dirname(databaseFile), "pins", `${key}.json`)

/** What another user could have put there says nothing about what this one has accepted. */
const owned = (place: Place, path: string) => Owned.below(Disk.dirname(place.databaseFile), path)

const failing = (path: string) => (error: Pick<Unreadable, "problem">) =>
  new ConfigError({ path, problem: `${error.problem}; remove it, and what comes next is accepted` })

const isUnreadable = Schema.is(Unreadable)

const encode = Schema.encodeUnknownEffect(Schema.fromJsonString(Schema.Unknown))

/** What was stored under a key, which must be plain hexadecimal digits, or nothing. */
export const read = Effect.fn("PinFiles.read")(function* (place: Place, key: string) {
  const path = fileOf(place, key)
  yield* owned(place, path)
  return yield* Disk.read(path, { limit }).pipe(
    Effect.flatMap(({ bytes }) => Effect.fromResult(Result.mapError(Text.utf8(bytes), (problem) => ({ problem })))),
    Effect.catchIf(
      (error) => "code" in error && isMissing(error),
      () => Effect.undefined
    ),
    Effect.mapError(failing(path))
  )
})

/**
 * Stores JSON in place of what was there, readable by the user alone. `change` makes it from the text that is stored, if
 * any; changes at the same time, by whichever process, come one after the other. Readers see one of the two, whole.
 */
export const update = <E>(
  place: Place,
  key: string,
  change: (text: string | undefined) => Effect.Effect<unknown, E>
): Effect.Effect<void, ConfigError | E> => {
  const path = fileOf(place, key)
  const edit = Effect.gen(function* () {
    const text = yield* Effect.orDie(encode(yield* change(yield* read(place, key))))
    yield* Effect.mapError(Atomic.write(path, `${text}\n`), failing(path))
  })
  return Effect.andThen(owned(place, Disk.dirname(path)), alone(path, undefined, edit)).pipe(
    Effect.mapError((error) => (isUnreadable(error) ? failing(path)(error) : error)),
    Effect.withSpan("PinFiles.update")
  )
}
