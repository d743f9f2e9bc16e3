import { ConfigError } from "@parley/domain/Errors"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { alone } from "../disk/ExclusiveEdit.ts"
import * as AtomicWrite from "../disk/AtomicWrite.ts"
import * as SafeFile from "../disk/SafeFile.ts"
import * as Owned from "../disk/Owned.ts"
import * as FileContent from "../disk/FileContent.ts"
import { isMissing, Unreadable } from "../disk/Unreadable.ts"
import type { UserLocations } from "../config/Locations.ts"

/** The tool definitions that the user has accepted are stored with the user's data, in one file for each server. */
type Place = Pick<UserLocations, "databaseFile">

const limit = 64 * 1024 * 1024

/**
 * The path of the file in which the text of this key is stored.
 *
 * @since 0.1.0
 * @category functions
 */
export const fileOf = ({ databaseFile }: Place, key: string): string =>
  SafeFile.join(SafeFile.dirname(databaseFile), "pins", `${key}.json`)

/** Fails if another user could have written the file: it would not prove what this user has accepted. */
const owned = (place: Place, path: string) => Owned.below(SafeFile.dirname(place.databaseFile), path)

const failing = (path: string) => (error: Pick<Unreadable, "problem">) =>
  new ConfigError({ path, problem: `${error.problem}; if you remove it, the next tool definitions are accepted` })

const isUnreadable = Schema.is(Unreadable)

const encode = Schema.encodeUnknownEffect(Schema.fromJsonString(Schema.Unknown))

/**
 * Reads the text that is stored under a key, if any. The key must consist of hexadecimal digits.
 *
 * @since 0.1.0
 * @category functions
 */
export const read = Effect.fn("PinFiles.read")(function* (place: Place, key: string) {
  const path = fileOf(place, key)
  yield* owned(place, path)
  return yield* SafeFile.read(path, { limit }).pipe(
    Effect.flatMap(({ bytes }) =>
      Effect.fromResult(Result.mapError(FileContent.utf8(bytes), (problem) => ({ problem })))
    ),
    Effect.catchIf(
      (error) => "code" in error && isMissing(error),
      () => Effect.undefined
    ),
    Effect.mapError(failing(path))
  )
})

/**
 * Replaces the stored JSON, readable by the user alone. `change` computes the new value from the stored text, if any.
 * Concurrent changes, also by other processes, run one after the other. Readers see either the complete old or the complete
 * new text.
 *
 * @since 0.1.0
 * @category functions
 */
export const update = <E>(
  place: Place,
  key: string,
  change: (text: string | undefined) => Effect.Effect<unknown, E>
): Effect.Effect<void, ConfigError | E> => {
  const path = fileOf(place, key)
  const edit = Effect.gen(function* () {
    const text = yield* Effect.orDie(encode(yield* change(yield* read(place, key))))
    yield* Effect.mapError(AtomicWrite.write(path, `${text}\n`), failing(path))
  })
  return Effect.andThen(owned(place, SafeFile.dirname(path)), alone(path, undefined, edit)).pipe(
    Effect.mapError((error) => (isUnreadable(error) ? failing(path)(error) : error)),
    Effect.withSpan("PinFiles.update")
  )
}
