import * as Engine from "@parley/app/Engine"
import { SessionManager } from "@parley/domain/SessionManager"
import { SearchHit } from "@parley/domain/SessionSearch"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as WorkspacePlaces from "../chat/WorkspacePlaces.ts"
import * as SetupFlags from "../configuration/SetupFlags.ts"
import { Output } from "../output/Output.ts"
import { inLine } from "../output/Render.ts"
import { minute } from "../output/TimeText.ts"

const encode = Schema.encodeEffect(Schema.fromJsonString(Schema.Array(SearchHit)))

/** The hits by session, in the order of the best hit of each. */
const bySession = (hits: ReadonlyArray<SearchHit>): ReadonlyArray<ReadonlyArray<SearchHit>> => [
  ...Map.groupBy(hits, ({ session }) => session.id).values()
]

const lineOf = ({ kind, snippet }: SearchHit): string =>
  `  ${kind.padEnd(8)}${inLine(snippet.map(({ text }) => text).join(""))}\n`

/** Searches the sessions of this workspace, or of all, for words. */
export const search = Effect.fn("parley sessions search")(function* (input: {
  readonly workspace: Option.Option<string>
  readonly words: ReadonlyArray<string>
  readonly all: boolean
  readonly limit: Option.Option<number>
  readonly format: "text" | "json"
}) {
  const setup = yield* SetupFlags.load(input)
  const output = yield* Output
  const text = input.words.join(" ")
  const { root } = setup.workspace
  yield* Effect.gen(function* () {
    const sessions = yield* SessionManager
    const { shared = [] } = input.all ? {} : yield* WorkspacePlaces.find(setup)
    const workspaces = input.all ? undefined : [root, ...shared]
    const hits = yield* sessions.search({ text, workspaces, limit: Option.getOrUndefined(input.limit) })
    if (input.format === "json") return yield* output.line(yield* Effect.orDie(encode(hits)))
    for (const [first, ...rest] of bySession(hits)) {
      if (first === undefined) continue
      const { archived, id, title, updatedAt, workspace } = first.session
      const where = input.all || workspace !== root ? `  ${workspace}` : ""
      const state = archived === undefined ? "" : "  (archived)"
      yield* output.text(`${id}  ${minute(updatedAt)}  ${inLine(title)}${state}${where}\n`)
      for (const hit of [first, ...rest]) yield* output.text(lineOf(hit))
    }
    const where = input.all ? "No session" : `No session in ${root}`
    const advice = input.all ? "" : "; --all searches those of all workspaces"
    if (hits.length === 0) yield* output.note(`${where} contains all of these words in one place: ${text}${advice}`)
  }).pipe(Effect.provide(Engine.sessions(setup, "read")))
})
