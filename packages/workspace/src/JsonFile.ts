import { ConfigError } from "@parley/domain/Errors"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaParser from "effect/SchemaParser"
import { alone } from "./internal/Alone.ts"
import * as Atomic from "./internal/Atomic.ts"
import * as Disk from "./internal/Disk.ts"
import { explain } from "./internal/Explain.ts"
import * as Host from "./internal/Host.ts"
import * as Json from "./internal/Json.ts"
import * as Owned from "./internal/Owned.ts"
import * as Text from "./internal/Text.ts"
import { isMissing, Unreadable } from "./internal/Unreadable.ts"

/** Larger files are refused, unread. */
export const maxBytes = 1024 * 1024

export interface File {
  readonly path: string
  /** The file must really lie in this directory: links that lead out of it are refused. For files of a project. */
  readonly within?: string | undefined
  /**
   * For files of the user's own: it is an error when another user could have written it (see `Ownership`). `linked` files may
   * be links of the user's; nothing below the named directory may be one.
   */
  readonly ours?: "linked" | { readonly below: string } | undefined
}

/** A file as it was read. */
export interface Document<A> {
  readonly value: A
  /** Others than its owner may read the file. Never set on Windows, where modes say nothing. */
  readonly exposed: boolean
  /** An error about the value at `path`, with its line and column. */
  readonly errorAt: (path: ReadonlyArray<string | number>, problem: string) => ConfigError
}

type AnySchema = Schema.ConstraintDecoder<unknown>

const mark = "\uFEFF"

const errorIn = (file: File, text: string, flaw: Json.Flaw): ConfigError =>
  new ConfigError({ path: file.path, problem: flaw.problem, ...Json.position(text, flaw.offset) })

/** The file's text, or none if there is no such file. A link that leads nowhere is a mistake, not an absence. */
const load = Effect.fnUntraced(function* (file: File) {
  if (file.ours !== undefined)
    yield* file.ours === "linked" ? Owned.file(file.path) : Owned.below(file.ours.below, file.path)
  const fail = (problem: string) => new ConfigError({ path: file.path, problem })
  const read = yield* Disk.read(file.path, { limit: maxBytes, within: file.within }).pipe(
    Effect.asSome,
    Effect.catchIf(isMissing, () =>
      Effect.matchEffect(Disk.kind(file.path), {
        onFailure: (error) => (isMissing(error) ? Effect.succeedNone : Effect.fail(error)),
        onSuccess: () => Effect.fail({ problem: "is a symbolic link that leads nowhere" })
      })
    ),
    Effect.mapError(({ problem }) => fail(problem))
  )
  if (Option.isNone(read)) return Option.none()
  const text = yield* Effect.fromResult(Result.mapError(Text.utf8(read.value.bytes), fail))
  const marked = text.startsWith(mark)
  return Option.some({ text: marked ? text.slice(1) : text, marked, mode: read.value.mode })
})

const textOf = (loaded: Effect.Success<ReturnType<typeof load>>): string | undefined =>
  Option.getOrUndefined(loaded)?.text

const interpret = <S extends AnySchema>(
  schema: S,
  text: string
): Result.Result<{ readonly parsed: Json.Parsed; readonly value: S["Type"] }, Json.Flaw> =>
  Result.flatMap(Json.parse(text), (parsed) =>
    SchemaParser.decodeUnknownResult(schema, { errors: "all", onExcessProperty: "error" })(parsed.value).pipe(
      Result.map((value) => ({ parsed, value })),
      Result.mapError((issue) => explain(issue, parsed))
    )
  )

/**
 * Reads an object from a JSON file; comments, trailing commas and a byte order mark are allowed. A missing file is none.
 * Everything else that is wrong is one error with line and column that names the key, what was expected and what was
 * found; values that may be secrets are not shown. Keys that the schema does not know are errors.
 */
export const read = Effect.fn("JsonFile.read")(function* <S extends AnySchema>(file: File, schema: S) {
  const loaded = yield* load(file)
  if (Option.isNone(loaded)) return Option.none<Document<S["Type"]>>()
  const { mode, text } = loaded.value
  const { parsed, value } = yield* Effect.fromResult(
    Result.mapError(interpret(schema, text), (flaw) => errorIn(file, text, flaw))
  )
  return Option.some<Document<S["Type"]>>({
    value,
    exposed: Host.platform !== "win32" && (mode & 0o077) !== 0,
    errorAt: (path, problem) => errorIn(file, text, { offset: Json.nodeAt(parsed.root, path).offset, problem })
  })
})

export interface Change {
  readonly path: ReadonlyArray<string | number>
  /** Removed when `undefined`. */
  readonly value: Schema.Json | undefined
}

/** How often an edit starts again because a program that takes no lock, such as an editor, has written the file meanwhile. */
const retries = 5

const changed = new Unreadable({ code: "CHANGED", problem: "another program keeps changing it; try again" })

const isUnreadable = Schema.is(Unreadable)

const unwritable =
  (file: File) =>
  ({ problem }: Unreadable) =>
    new ConfigError({ path: file.path, problem: `cannot be written: ${problem}` })

/** What the file is to be after the changes, or none when there is nothing to change. */
const plan = Effect.fnUntraced(function* <S extends AnySchema, E>(
  file: File,
  schema: S,
  changesOf: (value: S["Type"]) => Result.Result<ReadonlyArray<Change>, E>
) {
  const fail = (problem: string) => new ConfigError({ path: file.path, problem })
  const loaded = yield* load(file)
  const before = Option.match(loaded, { onNone: () => "{}\n", onSome: ({ text }) => text })
  const { value } = yield* Effect.fromResult(
    Result.mapError(interpret(schema, before), (flaw) => errorIn(file, before, flaw))
  )
  const changes = yield* Effect.fromResult(changesOf(value))
  if (changes.length === 0) return Option.none()
  const after = yield* Effect.fromResult(
    Result.mapError(
      changes.reduce<Result.Result<string, string>>(
        (text, { path, value }) => Result.flatMap(text, (text) => Json.change(text, path, value)),
        Result.succeed(before)
      ),
      fail
    )
  )
  yield* Effect.fromResult(
    Result.mapError(interpret(schema, after), ({ problem }) =>
      fail(`not changed, as it would not be valid: ${problem}`)
    )
  )
  const marked = Option.exists(loaded, ({ marked }) => marked)
  return Option.some({ loaded, text: marked ? mark + after : after })
})

const rewrite = Effect.fnUntraced(function* <S extends AnySchema, E>(
  file: File,
  schema: S,
  changesOf: (value: S["Type"]) => Result.Result<ReadonlyArray<Change>, E>
) {
  const planned = yield* plan(file, schema, changesOf)
  if (Option.isNone(planned)) return
  const { loaded, text } = planned.value
  const check = Effect.flatMap(Effect.option(load(file)), (now) =>
    Option.exists(now, (now) => textOf(now) === textOf(loaded)) ? Effect.void : Effect.fail(changed)
  )
  yield* Effect.mapError(Atomic.write(file.path, text, { check, within: file.within }), (error) =>
    error === changed ? changed : unwritable(file)(error)
  )
})

/**
 * Changes values in a JSON file and leaves its comments and layout as they are. A missing file is created, with mode 0600,
 * and so are missing directories, with 0700. A file that cannot be read, or is not valid before or after the change, is
 * not touched, and the edit fails.
 *
 * Readers see the old file or the new one, whole, also after a crash. Edits at the same time, by fibers or processes, are all
 * kept; a file that an editor saves meanwhile is read again.
 */
export const edit = (file: File, schema: AnySchema, changes: ReadonlyArray<Change>): Effect.Effect<void, ConfigError> =>
  update(file, schema, () => Result.succeed(changes))

/**
 * The same with changes that depend on what the file holds, such as the place of something in a list. `changesOf` is called
 * again when the file was changed meanwhile, and the last call counts. Without changes, or
 * with an error in their place, the file is not touched.
 */
export const update = <S extends AnySchema, E>(
  file: File,
  schema: S,
  changesOf: (value: S["Type"]) => Result.Result<ReadonlyArray<Change>, E>
): Effect.Effect<void, ConfigError | E> =>
  // A first look without the lock: what changes nothing leaves nothing behind, not even a directory.
  Effect.flatMap(plan(file, schema, changesOf), (planned) =>
    Option.isNone(planned)
      ? Effect.void
      : alone(
          file.path,
          file.within,
          Effect.retry(rewrite(file, schema, changesOf), { times: retries, while: (error) => error === changed })
        )
  ).pipe(
    Effect.mapError((error) => (isUnreadable(error) ? unwritable(file)(error) : error)),
    Effect.withSpan("JsonFile.update")
  )
