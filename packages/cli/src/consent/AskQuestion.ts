import type { Question, QuestionAnswer, QuestionSubject } from "@parley/domain/Question"
import type { Finder } from "@parley/workspace/SecretReads"
import * as Effect from "effect/Effect"
import * as Approvals from "./Approvals.ts"
import * as Elicitations from "./Elicitations.ts"
import type { Dialogue, Person } from "./Person.ts"
import * as Samplings from "./Samplings.ts"

const ask = (subject: QuestionSubject, secretRead: Finder, dialogue: Dialogue): Effect.Effect<QuestionAnswer> => {
  switch (subject._tag) {
    case "Approval": {
      const { input, tool } = subject
      return Approvals.ask({ tool, input, secret: secretRead(tool.name, input) })(dialogue)
    }
    case "Form":
    case "Url":
      return Elicitations.ask({ ...subject, calls: [] }, dialogue)
    case "Sampling":
      return Effect.map(Samplings.ask(subject)(dialogue), (answer) =>
        answer.allowed ? { allowed: true, scope: "once" } : answer
      )
  }
}

/** Asks the person at this terminal a question of any process, as the process that runs the round would. */
export const at =
  (person: Person, secretRead: Finder) =>
  ({ subject }: Question) =>
    person.ask((dialogue) => ask(subject, secretRead, dialogue))
