import { UsageError } from "@parley/app/UsageError"
import * as WorkspaceMoves from "@parley/app/WorkspaceMoves"
import * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import * as WorkspacePlaces from "../chat/WorkspacePlaces.ts"
import * as SetupFlags from "../configuration/SetupFlags.ts"
import { Output } from "../output/Output.ts"
import { inLine } from "../output/Render.ts"
import * as ProcessInfo from "../process/ProcessInfo.ts"

/** Makes the sessions of another directory, which need not exist any more, those of this workspace. */
export const relocate = Effect.fn("parley sessions relocate")(function* (input: {
  readonly workspace: Option.Option<string>
  readonly directory: string
}) {
  const setup = yield* SetupFlags.load(input)
  const { noWorkspace, workspace } = setup
  const output = yield* Output
  if (noWorkspace !== undefined) return yield* new UsageError({ problem: noWorkspace.message })
  const given = ProcessInfo.place(input.directory)
  if (input.directory.trim() === "" || given === undefined)
    return yield* new UsageError({
      problem:
        "The path of the directory that the sessions belong to is needed; `parley sessions list --all` lists them"
    })
  const meant = yield* WorkspaceMoves.pathsMeant(given)
  if (meant.includes(workspace.root))
    return yield* new UsageError({ problem: `${inLine(given)} is this workspace, so its sessions are here already` })
  yield* WorkspacePlaces.find(setup)
  for (const from of meant) {
    const { sessions } = yield* WorkspaceMoves.relocate(setup, from)
    if (sessions.length === 0) continue
    const count = `${sessions.length} session${sessions.length === 1 ? "" : "s"}`
    yield* output.note(`${count} of ${inLine(from)} now belong${sessions.length === 1 ? "s" : ""} to ${workspace.root}`)
    if (setup.project.servers.some(({ standing }) => standing === "unknown"))
      yield* output.note("Trust in the project's servers did not move with them: `parley mcp trust` asks about them")
    return
  }
  return yield* new UsageError({
    problem: `No session belongs to ${inLine(given)}; \`parley sessions list --all\` lists the directories of all sessions`
  })
})
