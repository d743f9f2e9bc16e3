import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { InvalidMessage } from "./Errors.ts"

/**
 * What a user notes about a session. It is not part of the conversation: no request contains it, and it can be changed while
 * a round runs. Absent fields are the rule, so that most sessions have none.
 *
 * @since 0.1.0
 * @category constants
 */
export const fields = {
  /** Who chose the title. Absent: it is the beginning of the first message. */
  titledBy: Schema.Literals(["user", "model"]).pipe(Schema.optionalKey),
  /** The session stands first in lists. */
  pinned: Schema.Literal(true).pipe(Schema.optionalKey),
  /** Lists leave the session out. */
  archived: Schema.Literal(true).pipe(Schema.optionalKey),
  /** Sorted, each once. */
  tags: Schema.Array(Schema.String).pipe(Schema.optionalKey)
}

const Notes = Schema.Struct(fields)
type Notes = typeof Notes.Type

/**
 * The title of a session, with its notes.
 *
 * @since 0.1.0
 * @category models
 */
export interface NotedSession extends Notes {
  readonly title: string
}

/**
 * A change of a session's notes. What is absent stays as it is.
 *
 * @since 0.1.0
 * @category models
 */
export interface NotesChange {
  /** The title that the user gives. */
  readonly title?: string | undefined
  /** The title that a model suggests. It never replaces one that the user gave. */
  readonly suggestedTitle?: string | undefined
  readonly pinned?: boolean | undefined
  readonly archived?: boolean | undefined
  readonly tag?: ReadonlyArray<string> | undefined
  readonly untag?: ReadonlyArray<string> | undefined
}

const titleLength = 200
const tagLimit = 50

/** A tag is one word, so that lists of tags need no quotes. */
const tagPattern = /^[^\s,\p{C}]{1,64}$/u

const inOneLine = (text: string): string =>
  text
    .trim()
    .replace(/[\s\p{C}]+/gu, " ")
    .toWellFormed()

const invalid = (problem: string) => Result.fail(new InvalidMessage({ problem }))

/** The tags as they are stored. */
const sorted = (tags: Iterable<string>): ReadonlyArray<string> => [...new Set(tags)].sort()

const problemOf = ({ suggestedTitle, tag = [], title }: NotesChange): string | undefined => {
  const given = title ?? suggestedTitle
  if (given !== undefined && inOneLine(given) === "") return "A title needs at least one visible character"
  if (given !== undefined && inOneLine(given).length > titleLength)
    return `A title has at most ${titleLength} characters; this one has ${inOneLine(given).length}`
  const wrong = tag.find((text) => !tagPattern.test(text))
  return wrong === undefined
    ? undefined
    : `${JSON.stringify(wrong)} is not a tag: a tag has 1 to 64 characters, without spaces and commas`
}

/** A title that stays is not touched: one from a first message may contain what one of a user may not. */
const titleAfter = ({ title, titledBy }: NotedSession, change: NotesChange): string => {
  const given = change.title ?? (titledBy === "user" ? undefined : change.suggestedTitle)
  return given === undefined ? title : inOneLine(given)
}

const notesAfter = (state: NotedSession, change: NotesChange): Notes => {
  const untag = new Set(change.untag)
  const tags = sorted([...(state.tags ?? []), ...(change.tag ?? [])]).filter((tag) => !untag.has(tag))
  const suggested = change.suggestedTitle === undefined ? undefined : "model"
  const titledBy = change.title === undefined ? (state.titledBy ?? suggested) : "user"
  return {
    ...(titledBy === undefined ? {} : { titledBy }),
    ...((change.pinned ?? state.pinned ?? false) ? { pinned: true } : {}),
    ...((change.archived ?? state.archived ?? false) ? { archived: true } : {}),
    ...(tags.length === 0 ? {} : { tags })
  }
}

/**
 * The title and the notes after a change. Fails if a title is empty or too long, or a tag is not one word.
 *
 * @since 0.1.0
 * @category functions
 */
export const changed = (state: NotedSession, change: NotesChange): Result.Result<NotedSession, InvalidMessage> => {
  const problem = problemOf(change)
  if (problem !== undefined) return invalid(problem)
  const next = { title: titleAfter(state, change), ...notesAfter(state, change) }
  const count = next.tags?.length ?? 0
  return count > tagLimit
    ? invalid(`A session has at most ${tagLimit} tags; this one would have ${count}`)
    : Result.succeed(next)
}
