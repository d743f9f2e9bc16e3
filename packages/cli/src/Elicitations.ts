import { type Answer, type Answers, type Field, problemOf } from "@parley/domain/ElicitationForm"
import type { Elicitation, ElicitationAnswer } from "@parley/domain/ServerRequests"
import * as WebBrowser from "@parley/mcp/WebBrowser"
import * as Effect from "effect/Effect"
import { choose } from "./Consent.ts"
import * as Host from "./internal/Host.ts"
import type { Dialogue } from "./Questions.ts"

/** So often a person may answer with what does not fit before the form is given up. */
const attempts = 4

const decline: ElicitationAnswer = { _tag: "Decline" }
const cancel: ElicitationAnswer = { _tag: "Cancel" }

const letterOf = (line: string): string => line.trim().charAt(0).toLowerCase()

const shown = (answer: Answer): string =>
  typeof answer === "object" ? answer.join(", ") : typeof answer === "boolean" ? (answer ? "yes" : "no") : `${answer}`

/** The choice that a person means by its number or its name. */
const chosen = (options: ReadonlyArray<{ readonly value: string; readonly title: string }>, word: string): string =>
  (/^\d+$/.test(word) ? options[Number(word) - 1]?.value : undefined) ??
  options.find(({ title, value }) => value === word || title === word)?.value ??
  word

/** A line as an answer to the field. What makes no sense stays what it is, and does not fit. */
const read = (field: Field, line: string): Answer => {
  switch (field._tag) {
    case "Text":
      return line
    case "Number":
      return line.trim() !== "" && Number.isFinite(Number(line)) ? Number(line) : line
    case "Flag": {
      const letter = letterOf(line)
      return letter === "y" ? true : letter === "n" ? false : line
    }
    case "Choice":
      return chosen(field.options, line.trim())
    case "Choices":
      return line
        .split(",")
        .map((word) => word.trim())
        .filter((word) => word !== "")
        .map((word) => chosen(field.options, word))
  }
}

const about = (field: Field): string =>
  [
    `  ${field.title}${field.required ? "" : " (may be left empty)"}${field.description === undefined ? "" : `: ${field.description}`}`,
    ...("options" in field ? field.options.map(({ title }, i) => `    ${i + 1} ${title}`) : []),
    ...(field._tag === "Flag" ? ["    yes or no"] : []),
    ...(field._tag === "Choices" ? ["    several, with commas between them"] : []),
    ...(field.default === undefined ? [] : [`    empty for: ${shown(field.default)}`])
  ].join("\n")

/** One field; nothing when it was left empty, and undefined when nobody answers or nothing fits. */
const askField = Effect.fnUntraced(function* (field: Field, { read: answerTo, show }: Dialogue) {
  yield* show(about(field))
  for (let i = 0; i < attempts; i++) {
    const line = yield* answerTo("  = ")
    if (line === undefined) return undefined
    if (line.trim() === "" && (!field.required || field.default !== undefined)) return []
    const answer = read(field, line)
    const expected = problemOf(field, answer)
    if (expected === undefined && line.trim() !== "") return [[field.key, answer] as const]
    yield* show(`  expected ${expected ?? "an answer"}`)
  }
  return undefined
})

const askForm = Effect.fnUntraced(function* (fields: ReadonlyArray<Field>, dialogue: Dialogue) {
  const consent = yield* choose(dialogue, "  answer it? [y]es, [N]o: ", ["yes"])
  if (consent === undefined) return cancel
  if (consent.choice === "no") return decline
  const content: Array<readonly [string, Answer]> = []
  for (const field of fields) {
    const answered = yield* askField(field, dialogue)
    if (answered === undefined) {
      yield* dialogue.show("  nothing was sent")
      return cancel
    }
    content.push(...answered)
  }
  const answers: Answers = Object.fromEntries(content)
  return { _tag: "Accept", content: answers } satisfies ElicitationAnswer
})

/** An address is opened when a person says so, or they open it themselves, or they do not. */
const askAddress = Effect.fnUntraced(function* (url: string, host: string, dialogue: Dialogue) {
  yield* dialogue.show(`  on ${host}\n  ${url}`)
  const answer = yield* choose(dialogue, "  [o]pen it in the browser, [d]one it myself, [N]o: ", ["open", "done"])
  if (answer === undefined) return cancel
  if (answer.choice === "no") return decline
  if (answer.choice === "open" && !(yield* WebBrowser.open(url, Host.env)))
    yield* dialogue.show("  it could not be opened; open it yourself")
  return { _tag: "Accept", content: {} } satisfies ElicitationAnswer
})

/** Puts what a server asks before a person, who is told who asks: the name is the one they gave it. */
export const ask = Effect.fnUntraced(function* (request: Elicitation, dialogue: Dialogue) {
  yield* dialogue.show(`? The server ${request.server} asks you (the answer goes to it): ${request.message}`)
  return request._tag === "Form"
    ? yield* askForm(request.fields, dialogue)
    : yield* askAddress(request.url, request.host, dialogue)
})
