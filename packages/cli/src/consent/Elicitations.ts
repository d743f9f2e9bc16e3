import { type Answer, type Answers, type Field, problemOf } from "@parley/domain/ElicitationForm"
import type { Elicitation, ElicitationAnswer } from "@parley/domain/ServerRequests"
import * as WebBrowser from "@parley/mcp/WebBrowser"
import * as Effect from "effect/Effect"
import { choose, parse } from "./Consent.ts"
import * as ProcessInfo from "../process/ProcessInfo.ts"
import type { Dialogue } from "./Person.ts"

/** Maximum attempts at one field before the form is cancelled. */
const attempts = 4

const decline: ElicitationAnswer = { _tag: "Decline" }
const cancel: ElicitationAnswer = { _tag: "Cancel" }

const shown = (answer: Answer): string =>
  typeof answer === "object" ? answer.join(", ") : typeof answer === "boolean" ? (answer ? "yes" : "no") : `${answer}`

/** The value of the option with this number or name; the word itself if there is none. */
const chosen = (options: ReadonlyArray<{ readonly value: string; readonly title: string }>, word: string): string =>
  (/^\d+$/.test(word) ? options[Number(word) - 1]?.value : undefined) ??
  options.find(({ title, value }) => value === word || title === word)?.value ??
  word

/** Reads a line as an answer to the field. A line of the wrong type is returned as text, which validation then rejects. */
const read = (field: Field, line: string): Answer => {
  switch (field._tag) {
    case "Text":
      return line
    case "Number":
      return line.trim() !== "" && Number.isFinite(Number(line)) ? Number(line) : line
    case "Flag": {
      const answer = line.trim() === "" ? undefined : parse(line, ["yes"])
      return answer === undefined ? line : answer.choice === "yes"
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
    `  ${field.title}${field.required ? "" : " (optional)"}${field.description === undefined ? "" : `: ${field.description}`}`,
    ...("options" in field ? field.options.map(({ title }, i) => `    ${i + 1} ${title}`) : []),
    ...(field._tag === "Flag" ? ["    yes or no"] : []),
    ...(field._tag === "Choices" ? ["    one or more, separated by commas"] : []),
    ...(field.default === undefined ? [] : [`    leave empty for: ${shown(field.default)}`])
  ].join("\n")

/** Asks for one field. Empty if the field was left out; undefined if the input ended or no attempt was valid. */
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

/** Asks to open a URL in the browser. The person may also open it without Parley's help, or decline. */
const askAddress = Effect.fnUntraced(function* (url: string, host: string, dialogue: Dialogue) {
  yield* dialogue.show(`  on ${host}\n  ${url}`)
  const answer = yield* choose(dialogue, "  [o]pen it in the browser, [d]one without it, [N]o: ", ["open", "done"])
  if (answer === undefined) return cancel
  if (answer.choice === "no") return decline
  if (answer.choice === "open" && !(yield* WebBrowser.open(url, ProcessInfo.env)))
    yield* dialogue.show("  the browser could not be started; open the address yourself")
  return { _tag: "Accept", content: {} } satisfies ElicitationAnswer
})

/** Shows an elicitation of a server and asks the person. The server is shown under the name that the user configured. */
export const ask = Effect.fnUntraced(function* (request: Elicitation, dialogue: Dialogue) {
  yield* dialogue.show(`? The server ${request.server} asks you (your answer is sent to it): ${request.message}`)
  return request._tag === "Form"
    ? yield* askForm(request.fields, dialogue)
    : yield* askAddress(request.url, request.host, dialogue)
})
