import { FilesManager, WorkspaceFile } from "@parley/domain/FilesManager"
import * as ContextFiles from "@parley/workspace/ContextFiles"
import * as WorkspaceFiles from "@parley/workspace/Files"
import * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { UsageError } from "@parley/app/UsageError"
import * as RoundNotices from "../chat/RoundNotices.ts"
import { Output } from "../output/Output.ts"
import { inLine, short } from "../output/Render.ts"
import * as SetupFlags from "../configuration/SetupFlags.ts"
import * as WithheldFiles from "@parley/app/WithheldFiles"

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

const load = ({ workspace }: Where) => SetupFlags.load({ workspace })

/** The estimate that Parley uses everywhere: a quarter of the UTF-8 bytes. */
const tokens = (text: string): number => Math.ceil(new TextEncoder().encode(text).length / 4)

/** Lists the files that a request would contain now, and the files that are left out, with the reason. */
export const list = Effect.fn("parley files list")(function* (input: Where & { readonly format: "text" | "json" }) {
  const setup = yield* load(input)
  const { user, workspace } = setup
  const output = yield* Output
  yield* RoundNotices.workspace(setup)
  const { files, skipped } = yield* Effect.flatMap(FilesManager, (manager) => manager.read).pipe(
    Effect.provide(
      WorkspaceFiles.layer({
        root: workspace.root,
        start: workspace.start,
        env: setup.env,
        instructionsFile: user.instructionsFile,
        withheld: WithheldFiles.of(setup),
        wholeRepository: true
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
      ? "No files are included; to include one: parley files add README.md"
      : `${files.length} files, about ${all} tokens`
  )
})

type Entries = Where & { readonly entries: ReadonlyArray<string> }

const changed = (input: Entries, change: typeof ContextFiles.add, words: string) =>
  Effect.gen(function* () {
    const { noWorkspace, workspace } = yield* load(input)
    const output = yield* Output
    if (noWorkspace !== undefined) return yield* new UsageError({ problem: noWorkspace.message })
    const known = yield* ContextFiles.entries(workspace.root)
    const located = yield* ContextFiles.located(workspace, input.entries, known).pipe(
      Effect.tap((found) =>
        change(
          workspace.root,
          found.map(({ entry }) => entry)
        )
      ),
      Effect.catchTag("FilesError", ({ message, missing }) => {
        const advice = missing === true ? "; `parley files list` shows its entries" : ""
        return Effect.fail(new UsageError({ problem: `${message}${advice}` }))
      })
    )
    yield* output.note(`${words} in ${workspace.contextFile}: ${located.map(({ entry }) => entry).join(", ")}`)
    for (const { entry, isMissing } of located)
      if (isMissing && change === ContextFiles.add)
        yield* output.note(`parley: there is no ${inLine(entry)} in the workspace now; it is shown once it exists`)
  })

export const add = Effect.fn("parley files add")((input: Entries) => changed(input, ContextFiles.add, "Included"))
export const remove = Effect.fn("parley files remove")((input: Entries) =>
  changed(input, ContextFiles.remove, "No longer included")
)
export const activate = Effect.fn("parley files activate")((input: Entries) =>
  changed(input, ContextFiles.activate, "Activated")
)
export const deactivate = Effect.fn("parley files deactivate")((input: Entries) =>
  changed(input, ContextFiles.deactivate, "Deactivated")
)
