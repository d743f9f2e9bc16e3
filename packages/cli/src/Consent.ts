import * as Effect from "effect/Effect"
import type { Dialogue } from "./Questions.ts"

/** A word a person may answer with, and for "no" what they wrote behind it. */
export interface Answer<Choice extends string> {
  readonly choice: Choice | "no"
  readonly words: string
}

const refusal = /^no?(?:$|[\s,.;:!–—-]+)(.*)$/is

/**
 * What a line means: one of the choices, by the word or its first letter and nothing else, or "no", which may have words
 * behind it. An empty line is a no. Undefined for anything else: what was meant for somebody else is no consent.
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

const listed = (choices: ReadonlyArray<string>): string =>
  [...choices, "no"].map((choice) => `${choice.charAt(0)} for ${choice}`).join(", ")

/** Asks until the answer is one of the choices, or a no. Undefined when there will be no answer. */
export const choose = Effect.fnUntraced(function* <const Choice extends string>(
  { interrupted, read, show }: Dialogue,
  prompt: string,
  choices: ReadonlyArray<Choice>
) {
  // Enter was perhaps pressed for the line that the question came into.
  let emptyIsNo = !interrupted
  for (;;) {
    const line = yield* read(prompt)
    if (line === undefined) return undefined
    const answer = line.trim() === "" && !emptyIsNo ? undefined : parse(line, choices)
    if (answer !== undefined) return answer
    emptyIsNo = true
    yield* show(`  That is no answer to this question. Type ${listed(choices)}.`)
  }
})
