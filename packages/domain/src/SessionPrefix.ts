import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { SessionNotFound } from "./Errors.ts"
import { SessionId } from "./Ids.ts"

/** What every generated id begins with; it may be left out. */
const common = "ses_"

/** How many candidates an error lists. */
const limit = 10

/**
 * The beginning of an id fits more than one session. Nothing was done. Give more characters of the id.
 *
 * @since 0.1.0
 * @category errors
 */
export class SessionAmbiguous extends Schema.TaggedError<SessionAmbiguous>()("SessionAmbiguous", {
  prefix: Schema.String,
  /** The sessions that it fits, up to ten of them, sorted by id. */
  candidates: Schema.Array(Schema.Struct({ id: SessionId, title: Schema.String }))
}) {
  override get message(): string {
    const lines = this.candidates.map(({ id, title }) => `\n  ${id}  ${title}`)
    return `More than one session has an id that begins with ${this.prefix}; give more of it:${lines.join("")}`
  }
}

/**
 * The beginnings of ids that a text may stand for.
 *
 * @since 0.1.0
 * @category functions
 */
export const beginnings = (prefix: string): ReadonlyArray<string> =>
  prefix === "" ? [] : prefix.startsWith(common) ? [prefix] : [prefix, `${common}${prefix}`]

/**
 * The session that a text names, out of those whose ids begin with it. An id that is the text itself is meant before those
 * that are longer.
 *
 * @since 0.1.0
 * @category functions
 */
export const choose = <A extends { readonly id: SessionId; readonly title: string }>(
  prefix: string,
  candidates: ReadonlyArray<A>
): Result.Result<A, SessionNotFound | SessionAmbiguous> => {
  const [first, second] = candidates
  const chosen = candidates.find(({ id }) => id === prefix) ?? (second === undefined ? first : undefined)
  if (chosen !== undefined) return Result.succeed(chosen)
  if (first === undefined)
    return Result.fail(new SessionNotFound({ sessionId: SessionId.make(prefix === "" ? "(empty)" : prefix) }))
  const listed = candidates.map(({ id, title }) => ({ id, title })).sort((a, b) => (a.id < b.id ? -1 : 1))
  return Result.fail(new SessionAmbiguous({ prefix, candidates: listed.slice(0, limit) }))
}
