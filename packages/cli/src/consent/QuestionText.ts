import type { Question, QuestionSubject } from "@parley/domain/Question"
import { visibleJson } from "@parley/domain/VisibleText"
import { short } from "../output/Render.ts"

/** What a question is about, on one line. */
export const line = (subject: QuestionSubject): string => {
  switch (subject._tag) {
    case "Approval":
      return `run ${subject.tool.name} with ${short(visibleJson(subject.input))}?`
    case "Form":
      return `a form of the server ${subject.server}: ${short(subject.message)}`
    case "Url":
      return `the server ${subject.server} asks to open ${short(subject.url)}`
    case "Sampling":
      return `may the server ${subject.server} use your model?`
  }
}

/** What was answered, on one line. */
export const answerLine = ({ answer, by }: Pick<Question, "answer" | "by">): string => {
  if (answer === undefined) return "not answered yet"
  const who = by === "engine" ? ", because its call ended" : ""
  if (!("allowed" in answer)) return `${answer._tag.toLowerCase()}${who}`
  if (!answer.allowed) return `denied: ${short(answer.reason)}`
  return answer.scope === "once" ? "allowed once" : `allowed for this ${answer.scope}`
}
