import * as Engine from "@parley/app/Engine"
import type { SessionInfo } from "@parley/domain/SessionInfo"
import { SessionManager } from "@parley/domain/SessionManager"
import type { NotesChange } from "@parley/domain/SessionNotes"
import * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import * as SessionFlags from "../configuration/SessionFlags.ts"
import * as SetupFlags from "../configuration/SetupFlags.ts"
import { Output } from "../output/Output.ts"

interface Flags {
  readonly workspace: Option.Option<string>
  readonly id: string
}

/** Changes what the user notes about a session, also while a round runs in it, and says how it is now. */
const noted = (flags: Flags, change: NotesChange, words: (info: SessionInfo) => string) =>
  Effect.flatMap(SetupFlags.load(flags), (setup) =>
    Effect.gen(function* () {
      const sessions = yield* SessionManager
      const output = yield* Output
      const info = yield* sessions.annotate(yield* SessionFlags.named(flags.id), change)
      yield* output.note(words(info))
    }).pipe(Effect.provide(Engine.sessions(setup)))
  )

const tagsOf = ({ id, tags = [] }: SessionInfo): string =>
  tags.length === 0 ? `Session ${id} has no tags` : `The tags of session ${id}: ${tags.join(" ")}`

export const rename = Effect.fn("parley sessions rename")((flags: Flags & { readonly title: ReadonlyArray<string> }) =>
  noted(flags, { title: flags.title.join(" ") }, ({ id, title }) => `Session ${id} is now called: ${title}`)
)

export const tag = Effect.fn("parley sessions tag")((flags: Flags & { readonly tags: ReadonlyArray<string> }) =>
  noted(flags, { tag: flags.tags }, tagsOf)
)

export const untag = Effect.fn("parley sessions untag")((flags: Flags & { readonly tags: ReadonlyArray<string> }) =>
  noted(flags, { untag: flags.tags }, tagsOf)
)

export const archive = Effect.fn("parley sessions archive")((flags: Flags) =>
  noted(
    flags,
    { archived: true },
    ({ id }) => `Session ${id} is archived: \`parley sessions list --archived\` shows it, and \`-s\` continues it`
  )
)

export const unarchive = Effect.fn("parley sessions unarchive")((flags: Flags) =>
  noted(flags, { archived: false }, ({ id }) => `Session ${id} is listed again`)
)

export const pin = Effect.fn("parley sessions pin, of a session")((flags: Flags) =>
  noted(flags, { pinned: true }, ({ id }) => `Session ${id} is pinned: lists show it before others`)
)

export const unpin = Effect.fn("parley sessions unpin, of a session")((flags: Flags) =>
  noted(flags, { pinned: false }, ({ id }) => `Session ${id} is no longer pinned`)
)
