import * as Engine from "@parley/app/Engine"
import { ImportError } from "@parley/app/ImportError"
import * as SessionExport from "@parley/app/SessionExport"
import * as SessionImport from "@parley/app/SessionImport"
import { UsageError } from "@parley/app/UsageError"
import { SessionInfo } from "@parley/domain/SessionInfo"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as SessionFlags from "../configuration/SessionFlags.ts"
import * as SetupFlags from "../configuration/SetupFlags.ts"
import { Output } from "../output/Output.ts"
import * as NewFile from "../process/NewFile.ts"
import * as SmallFile from "../process/SmallFile.ts"

/** In bytes. A file is read as a whole; sessions of other programs have up to some ten megabytes. */
const limit = 256 * 1024 * 1024

/** Lines of notices that are shown; programs get all of them. */
const shown = 20

const encodeImported = Schema.encodeEffect(
  Schema.fromJsonString(
    Schema.Struct({
      session: SessionInfo,
      program: Schema.String,
      notices: Schema.Array(Schema.Struct({ line: Schema.optional(Schema.Int), problem: Schema.String }))
    })
  )
)

/** Writes a session as the text of a file. */
export const exportSession = Effect.fn("parley sessions export")(function* (input: {
  readonly workspace: Option.Option<string>
  readonly id: string
  readonly format: SessionExport.ExportFormat
  readonly output: Option.Option<string>
}) {
  const setup = yield* SetupFlags.load(input)
  const output = yield* Output
  const text = yield* Effect.flatMap(SessionFlags.named(input.id), (id) =>
    SessionExport.exportSession(id, input.format)
  ).pipe(Effect.provide(Engine.sessions(setup, "read")))
  if (Option.isNone(input.output)) {
    if (input.format !== "jsonl") return yield* output.text(text)
    return yield* Effect.forEach(text.trimEnd().split("\n"), output.line, { discard: true })
  }
  const path = input.output.value
  yield* NewFile.write(path, text).pipe(
    Effect.mapError((problem) => new UsageError({ problem: `--output ${path}: ${problem}` }))
  )
  yield* output.note(`Exported to ${path}. Results that were too large for the session are not in it`)
})

/** Stores the session of a file as a new session of this workspace. */
export const importSession = Effect.fn("parley sessions import")(function* (input: {
  readonly workspace: Option.Option<string>
  readonly file: string
  readonly format: "text" | "json"
}) {
  const setup = yield* SetupFlags.load(input)
  const output = yield* Output
  const read = yield* SmallFile.read(input.file, limit)
  if (read._tag === "Problem") return yield* new UsageError({ problem: `${input.file}: ${read.problem}` })
  const found = yield* SessionImport.importSession({ content: read.text, workspace: setup.workspace.root }).pipe(
    Effect.catchTag("ImportError", ({ line, problem }) =>
      Effect.fail(new ImportError({ ...(line === undefined ? {} : { line }), problem: `${problem} (${input.file})` }))
    ),
    Effect.provide(Engine.sessions(setup))
  )
  if (input.format === "json") return yield* output.line(yield* Effect.orDie(encodeImported(found)))
  const { notices, program, session } = found
  yield* output.text(`${session.id}\n`)
  for (const { line, problem } of notices.slice(0, shown))
    yield* output.note(line === undefined ? `  ${problem}` : `  line ${line}: ${problem}`)
  if (notices.length > shown)
    yield* output.note(`  and ${notices.length - shown} more notices, which --format json prints`)
  yield* output.note(
    `Imported ${session.rounds} ${session.rounds === 1 ? "round" : "rounds"} of ${program}: ${session.title}. ` +
      `To continue: parley run -s ${session.id}`
  )
})
