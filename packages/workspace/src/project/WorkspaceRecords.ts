import { ConfigError } from "@parley/domain/Errors"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { UserLocations } from "../config/Locations.ts"
import * as AtomicWrite from "../disk/AtomicWrite.ts"
import { alone } from "../disk/ExclusiveEdit.ts"
import { digest } from "../disk/FileHash.ts"
import * as Owned from "../disk/Owned.ts"
import * as Remove from "../disk/Remove.ts"
import * as SafeFile from "../disk/SafeFile.ts"
import { isMissing, type Unreadable } from "../disk/Unreadable.ts"
import * as JsonFile from "../json/JsonFile.ts"

/**
 * The repository that a workspace was in when Parley last worked there.
 *
 * @since 0.1.0
 * @category schemas
 */
export const RecordedRepository = Schema.Struct({
  /** The directory in the repository, with `/`; empty for its top. */
  path: Schema.String,
  /** Identifies the git directory of the worktree, and the one that all worktrees share, as objects of the file system. */
  directory: Schema.optionalKey(Schema.String),
  common: Schema.optionalKey(Schema.String),
  /** A hash of where the repository was cloned from. */
  origin: Schema.optionalKey(Schema.String),
  /** The first commit. Empty if looking for it took too long, so that it is not looked for again. */
  firstCommit: Schema.optionalKey(Schema.String)
})
export type RecordedRepository = typeof RecordedRepository.Type

/**
 * What is known of one workspace of the user, so that it is recognised at another path. It decides nothing about trust.
 *
 * @since 0.1.0
 * @category schemas
 */
export const WorkspaceRecord = Schema.Struct({
  /** A real path. */
  root: Schema.String,
  repository: Schema.optionalKey(RecordedRepository),
  /** Where its sessions were before, with the ids of those that came from there. */
  moved: Schema.Struct({ from: Schema.String, sessions: Schema.Array(Schema.String) }).pipe(
    Schema.Array,
    Schema.optionalKey
  )
})
export type WorkspaceRecord = typeof WorkspaceRecord.Type

type Place = Pick<UserLocations, "databaseFile">

/** The most records that are read in a search. */
const most = 2000

const encode = Schema.encodeSync(Schema.fromJsonString(WorkspaceRecord))

const dataOf = ({ databaseFile }: Place): string => SafeFile.dirname(databaseFile)
const directoryOf = (place: Place): string => SafeFile.join(dataOf(place), "workspaces")
const fileOf = (place: Place, root: string): string => SafeFile.join(directoryOf(place), `${digest(root)}.json`)

/** A file that cannot be read, or that another user could have written, counts as missing. */
const readFile = (place: Place, path: string) =>
  JsonFile.read({ path, ours: { below: dataOf(place) } }, WorkspaceRecord).pipe(
    Effect.map(Option.filter(({ exposed, value }) => !exposed && path === fileOf(place, value.root))),
    Effect.map((found) => Option.getOrUndefined(found)?.value),
    Effect.orElseSucceed(() => undefined)
  )

/**
 * What is known of the workspace at this real path.
 *
 * @since 0.1.0
 * @category functions
 */
export const read = Effect.fn("WorkspaceRecords.read")((place: Place, root: string) =>
  readFile(place, fileOf(place, root))
)

/**
 * What is known of all workspaces.
 *
 * @since 0.1.0
 * @category functions
 */
export const all = Effect.fn("WorkspaceRecords.all")(function* (place: Place) {
  const directory = directoryOf(place)
  const listed = yield* Effect.orElseSucceed(SafeFile.list(directory, directory, most, true), () => [])
  const files = listed.map(({ name }) => name).filter((name) => /^[0-9a-f]+\.json$/.test(name))
  const found = yield* Effect.forEach(files, (name) => readFile(place, SafeFile.join(directory, name)), {
    concurrency: 16
  })
  return found.filter((record) => record !== undefined)
})

/**
 * Replaces what is known of the workspace at this real path, readable by the user alone; nothing is written if `change` returns
 * an equal value. Concurrent changes, also by other processes, run one after the other.
 *
 * @since 0.1.0
 * @category functions
 */
export const update = Effect.fn("WorkspaceRecords.update")(function* (
  place: Place,
  root: string,
  change: (before: WorkspaceRecord) => WorkspaceRecord
) {
  const path = fileOf(place, root)
  const failing = ({ problem }: Pick<Unreadable, "problem">) => new ConfigError({ path, problem })
  const isChanged = Effect.map(read(place, root), (before) => {
    const after = encode(change(before ?? { root }))
    return before !== undefined && encode(before) === after ? undefined : after
  })
  if ((yield* isChanged) === undefined) return
  yield* Owned.below(dataOf(place), directoryOf(place))
  const edit = Effect.flatMap(isChanged, (text) =>
    text === undefined ? Effect.void : AtomicWrite.write(path, `${text}\n`)
  )
  yield* Effect.mapError(alone(path, undefined, edit), failing)
})

/**
 * Forgets the workspace at this path.
 *
 * @since 0.1.0
 * @category functions
 */
export const remove = Effect.fn("WorkspaceRecords.remove")((place: Place, root: string) =>
  Effect.ignore(Remove.file(fileOf(place, root)))
)

/**
 * Whether nothing exists at a path any more. A place that may not be inspected counts as existing.
 *
 * @since 0.1.0
 * @category guards
 */
export const isGone = (root: string): Effect.Effect<boolean> =>
  Effect.match(SafeFile.kind(root), { onSuccess: () => false, onFailure: isMissing })
