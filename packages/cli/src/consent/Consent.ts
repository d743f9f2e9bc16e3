import * as Effect from "effect/Effect"
import type { Dialogue } from "./Person.ts"

/** A person's choice and, for "no", the words after it. */
export interface Answer<Choice extends string> {
  readonly choice: Choice | "no"
  readonly words: string
}

const refusal = /^no?(?:$|[\s,.;:!–—-]+)(.*)$/is

/**
 * The only parser of answers. A line is one of the choices, by its word or first letter alone, or "no", optionally followed by
 * words. An empty line means no. Undefined for anything else, because text meant for something else must never count as
 * consent.
 */
export const parse = <Choice extends string>(
  line: string,
  choices: ReadonlyArray<Choice>
): Answer<Choice> | undefined => {
  const text = line.trim()
  const word = text.toLowerCase()
  if (word === "") return { choice: "no", words: "" }
  const choice = choices.find((choice) => choice === word || choice.charAt(0) === word)
  if (choice !== undefined) return { choice, words: "" }
  const refused = refusal.exec(text)
  return refused === null ? undefined : { choice: "no", words: (refused[1] ?? "").trim() }
}

/** Why something was refused, in words for a model: that the user said no, and the words after the "no". */
export const refusalOf = (words = ""): string => `the user said no${words === "" ? "" : `: ${words}`}`

const listed = (choices: ReadonlyArray<string>): string =>
  [...choices, "no"].map((choice) => `${choice.charAt(0)} for ${choice}`).join(", ")

/** Asks until the answer is one of the choices or "no". Undefined if the input ended. */
export const choose = Effect.fnUntraced(function* <const Choice extends string>(
  { interrupted, read, show }: Dialogue,
  prompt: string,
  choices: ReadonlyArray<Choice>
) {
  // If the question interrupted a line, Enter may have been meant for that line, so an empty answer is asked again once.
  let emptyIsNo = !interrupted
  for (;;) {
    const line = yield* read(prompt)
    if (line === undefined) return undefined
    const answer = line.trim() === "" && !emptyIsNo ? undefined : parse(line, choices)
    if (answer !== undefined) return answer
    emptyIsNo = true
    yield* show(`  That is not an answer to this question. Type ${listed(choices)}.`)
  }
})
