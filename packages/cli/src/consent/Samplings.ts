import type { Refusal } from "@parley/app/Questions"
import { textOf } from "@parley/domain/Content"
import type { Sampling } from "@parley/domain/ServerRequests"
import * as Effect from "effect/Effect"
import { choose, refusalOf } from "./Consent.ts"
import type { Dialogue } from "./Person.ts"
import { short } from "../output/Render.ts"

type Shown = Pick<Sampling, "maxTokens" | "messages" | "server" | "system">

/** Describes a sampling request, so that a person can decide about it. */
const words = ({ maxTokens, messages, server, system }: Shown): string =>
  [
    `? The server ${server} asks to send this to your model, at your expense (at most ${maxTokens} tokens):`,
    ...(system === "" ? [] : [`  instructions of the server: ${short(system, 1000)}`]),
    ...messages.map(({ content, role }) => {
      const images = content.filter(({ _tag }) => _tag === "Image").length
      return `  ${role}: ${short(textOf(content), 2000)}${images === 0 ? "" : ` [and ${images} images]`}`
    })
  ].join("\n")

/** Shows a sampling request of an MCP server and asks the person whether it may use the model. */
export const ask =
  (request: Shown) =>
  (dialogue: Dialogue): Effect.Effect<{ readonly allowed: true } | Refusal> =>
    Effect.gen(function* () {
      yield* dialogue.show(words(request))
      const answer = yield* choose(dialogue, "  send it? [y]es, [N]o: ", ["yes"])
      if (answer?.choice === "yes") return { allowed: true }
      return { allowed: false, reason: refusalOf(answer?.words) }
    })
