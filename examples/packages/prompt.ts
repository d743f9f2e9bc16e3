import { empty } from "@parley/domain/SystemPrompt"
import * as Baseline from "@parley/prompt/Baseline"
import { Console, Effect } from "effect"

const { baseline } = Baseline.render({
  prompt: { ...empty, instructions: "You help in a small shop.", rules: ["Answer briefly."] },
  tools: [],
  environment: { timeZone: "UTC" },
  files: [{ path: "AGENTS.md", text: "Prices are in francs.", kind: "instructions" }]
})

Effect.runFork(Console.log(baseline.system))
