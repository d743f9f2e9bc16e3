import { ConfigError } from "@parley/domain/Errors"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { hasProperty } from "effect/Predicate"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import * as SchemaParser from "effect/SchemaParser"
import { alone } from "../disk/ExclusiveEdit.ts"
import * as AtomicWrite from "../disk/AtomicWrite.ts"
import * as SafeFile from "../disk/SafeFile.ts"
import { explain } from "./Explain.ts"
import * as HostPath from "../disk/HostPath.ts"
import * as Json from "./Json.ts"
import * as Owned from "../disk/Owned.ts"
import * as FileContent from "../disk/FileContent.ts"
import { isMissing, Unreadable } from "../disk/Unreadable.ts"

/** The size limit in bytes. Larger files are refused without being read. */
export const maxBytes = 1024 * 1024

/** A JSON file, and what is required of it before it is read. */
export interface File {
  readonly path: string
  /** The file's real path must be in this directory; links that lead out of it are refused. For files of a project. */
  readonly within?: string | undefined
  /**
   * For the user's own files: it is an error if another user could have written the file (see `Ownership`). A `linked` file
   * may be a symbolic link of the user's; with `below`, nothing below that directory may be a link.
   */
  readonly ours?: "linked" | { readonly below: string } | undefined
}

/** The content of a file that was read. */
export interface Document<A> {
  readonly value: A
  /** Whether users other than its owner may access the file. Always false on Windows, where modes mean nothing. */
  readonly exposed: boolean
  /** Makes an error about the value at `path`, with its line and column. */
  readonly errorAt: (path: ReadonlyArray<string | number>, problem: string) => ConfigError
  /** Decodes the value at `path` with another schema. Errors are those that reading the file with it would report. */
  readonly decodeAt: <S extends AnySchema>(
    path: ReadonlyArray<string | number>,
    schema: S
  ) => Result.Result<S["Type"], ConfigError>
}

type AnySchema = Schema.ConstraintDecoder<unknown>

const mark = "\uFEFF"

const errorIn = (file: File, text: string, flaw: Json.Flaw): ConfigError =>
  new ConfigError({ path: file.path, problem: flaw.problem, ...Json.position(text, flaw.offset) })

/** How often a read or an edit starts again because another program has written the file meanwhile. */
const retries = 5

const dangling = new Unreadable({ code: "DANGLING", problem: "is a symbolic link to a file that does not exist" })

/** The file was created after it had been found missing. */
const created = new Unreadable({ code: "CREATED", problem: "another program keeps replacing it; try again" })

/** The file's text; `Option.none` if there is no such file. A dangling symbolic link is an error, not a missing file. */
const load = Effect.fnUntraced(function* (file: File) {
  if (file.ours !== undefined)
    yield* file.ours === "linked" ? Owned.file(file.path) : Owned.below(file.ours.below, file.path)
  const fail = (problem: string) => new ConfigError({ path: file.path, problem })
  const read = yield* SafeFile.read(file.path, { limit: maxBytes, within: file.within }).pipe(
    Effect.asSome,
    Effect.catchIf(isMissing, () =>
      Effect.matchEffect(SafeFile.kind(file.path), {
        onFailure: (error) => (isMissing(error) ? Effect.succeedNone : Effect.fail(error)),
        onSuccess: (kind) => Effect.fail(kind === "other" ? dangling : created)
      })
    ),
    Effect.retry({ times: retries, while: (error) => error === created }),
    Effect.mapError(({ problem }) => fail(problem))
  )
  if (Option.isNone(read)) return Option.none()
  const text = yield* Effect.fromResult(Result.mapError(FileContent.utf8(read.value.bytes), fail))
  const marked = text.startsWith(mark)
  return Option.some({ text: marked ? text.slice(1) : text, marked, mode: read.value.mode })
})

const textOf = (loaded: Effect.Success<ReturnType<typeof load>>): string | undefined =>
  Option.getOrUndefined(loaded)?.text

const decodeWith = <S extends AnySchema>(schema: S) =>
  SchemaParser.decodeUnknownResult(schema, { errors: "all", onExcessProperty: "error" })

const valueAt = (value: unknown, path: ReadonlyArray<string | number>): unknown =>
  path.reduce<unknown>((within, key) => (hasProperty(within, key) ? within[key] : undefined), value)

const interpret = <S extends AnySchema>(
  schema: S,
  text: string
): Result.Result<{ readonly parsed: Json.Parsed; readonly value: S["Type"] }, Json.Flaw> =>
  Result.flatMap(Json.parse(text), (parsed) =>
    decodeWith(schema)(parsed.value).pipe(
      Result.map((value) => ({ parsed, value })),
      Result.mapError((issue) => explain(issue, parsed))
    )
  )

/**
 * Reads an object from a JSON file; comments, trailing commas and a byte order mark are allowed. Returns `Option.none` for
 * a missing file. Fails with one `ConfigError` for any other problem, with line and column, the key, the expected and the
 * actual value; values that may be secrets are not shown. Keys that the schema does not know are errors.
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
    exposed: HostPath.platform !== "win32" && (mode & 0o077) !== 0,
    errorAt: (path, problem) => errorIn(file, text, { offset: Json.nodeAt(parsed.root, path).offset, problem }),
    decodeAt: (path, schema) =>
      Result.mapError(decodeWith(schema)(valueAt(parsed.value, path)), (issue) =>
        errorIn(file, text, explain(new SchemaIssue.Pointer(path, issue), parsed))
      )
  })
})

/** A change of one value: the property names and indexes that lead to it, and the new value. */
export interface Change {
  readonly path: ReadonlyArray<string | number>
  /** Removed when `undefined`. */
  readonly value: Schema.Json | undefined
}

const changed = new Unreadable({ code: "CHANGED", problem: "another program keeps changing it; try again" })

const isUnreadable = Schema.is(Unreadable)

const unwritable =
  (file: File) =>
  ({ problem }: Unreadable) =>
    new ConfigError({ path: file.path, problem: `cannot be written: ${problem}` })

/** The new text of the file, or `Option.none` if there is nothing to change. */
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
      fail(`not changed, because the result would be invalid: ${problem}`)
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
  yield* Effect.mapError(AtomicWrite.write(file.path, text, { check, within: file.within }), (error) =>
    error === changed ? changed : unwritable(file)(error)
  )
})

/**
 * Changes values in a JSON file and preserves its comments and layout. A missing file is created with mode 0600, and missing
 * directories with mode 0700. If the file cannot be read, or is invalid before or after the change, the edit fails and the
 * file stays unchanged.
 *
 * Readers see either the complete old file or the complete new one, even after a crash. Concurrent edits, by fibers or
 * processes, are all applied; if an editor saves the file meanwhile, it is read again.
 */
export const edit = (file: File, schema: AnySchema, changes: ReadonlyArray<Change>): Effect.Effect<void, ConfigError> =>
  update(file, schema, () => Result.succeed(changes))

/**
 * Like `edit`, with changes that depend on the file's content, such as an index in a list. `changesOf` is called again if
 * the file was changed meanwhile; the result of the last call is applied. If it returns no changes, or an error, the file
 * is not written.
 */
export const update = <S extends AnySchema, E>(
  file: File,
  schema: S,
  changesOf: (value: S["Type"]) => Result.Result<ReadonlyArray<Change>, E>
): Effect.Effect<void, ConfigError | E> =>
  // Planned without the lock first: an edit that changes nothing must create nothing, not even a directory.
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
