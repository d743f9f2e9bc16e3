import { FilesManager, WorkspaceFile } from "@parley/domain/FilesManager"
import * as ContextFiles from "@parley/workspace/ContextFiles"
import * as WorkspaceFiles from "@parley/workspace/Files"
import * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { UsageError } from "../ExitCode.ts"
import * as Notices from "../Notices.ts"
import { Output } from "../Output.ts"
import { inLine, short } from "../Render.ts"
import * as Setup from "../Setup.ts"
import * as Withheld from "../Withheld.ts"

interface Where {
  readonly workspace: Option.Option<string>
}

const encode = Schema.encodeEffect(
  Schema.fromJsonString(
    Schema.Struct({
      files: Schema.Array(Schema.Struct({ ...WorkspaceFile.fields, tokens: Schema.Int })),
      skipped: Schema.Array(Schema.Struct({ path: Schema.String, reason: Schema.String }))
    })
  )
)

const load = ({ workspace }: Where) => Setup.load({ workspace })

/** An estimate, as everywhere: a quarter of the bytes. */
const tokens = (text: string): number => Math.ceil(new TextEncoder().encode(text).length / 4)

/** The files that a request would hold now, and what is left out and why. */
export const list = Effect.fn("parley files list")(function* (input: Where & { readonly format: "text" | "json" }) {
  const setup = yield* load(input)
  const { user, workspace } = setup
  const output = yield* Output
  yield* Notices.workspace(setup)
  const { files, skipped } = yield* Effect.flatMap(FilesManager, (manager) => manager.read).pipe(
    Effect.provide(
      WorkspaceFiles.layer({
        root: workspace.root,
        instructionsFile: user.instructionsFile,
        withheld: Withheld.of(setup)
      })
    )
  )
  const sized = files.map((file) => ({ ...file, tokens: tokens(file.text) }))
  if (input.format === "json") return yield* output.line(yield* Effect.orDie(encode({ files: sized, skipped })))
  for (const { path, tokens, why } of sized)
    yield* output.text(
      `${String(tokens).padStart(7)} tokens  ${inLine(path)}${why === undefined ? "" : `: ${short(why, 200)}`}\n`
    )
  for (const { path, reason } of skipped)
    yield* output.text(`${"-".padStart(7)}         ${inLine(path)}: ${short(reason, 200)}\n`)
  const all = sized.reduce((sum, { tokens }) => sum + tokens, 0)
  yield* output.note(
    files.length === 0
      ? "No files are shown; `parley files add README.md` shows one"
      : `${files.length} files, about ${all} tokens`
  )
})

type Entries = Where & { readonly entries: ReadonlyArray<string> }

const changed = (input: Entries, change: typeof ContextFiles.add, words: string) =>
  Effect.gen(function* () {
    const { noWorkspace, workspace } = yield* load(input)
    const output = yield* Output
    if (noWorkspace !== undefined) return yield* new UsageError({ problem: noWorkspace.message })
    yield* Effect.catchTag(change(workspace.root, input.entries), "FilesError", ({ message }) =>
      Effect.fail(new UsageError({ problem: message }))
    )
    yield* output.note(`${words} in ${workspace.contextFile}: ${input.entries.join(", ")}`)
  })

export const add = Effect.fn("parley files add")((input: Entries) => changed(input, ContextFiles.add, "Included"))
export const remove = Effect.fn("parley files remove")((input: Entries) =>
  changed(input, ContextFiles.remove, "No longer included")
)
export const activate = Effect.fn("parley files activate")((input: Entries) =>
  changed(input, ContextFiles.activate, "Switched on")
)
export const deactivate = Effect.fn("parley files deactivate")((input: Entries) =>
  changed(input, ContextFiles.deactivate, "Switched off")
)
