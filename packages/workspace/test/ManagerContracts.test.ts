import * as DynamicContextManagerContract from "@parley/testing/DynamicContextManagerContract"
import * as FilesManagerContract from "@parley/testing/FilesManagerContract"
import * as PromptManagerContract from "@parley/testing/PromptManagerContract"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Files from "../src/files/Files.ts"
import * as DynamicContext from "../src/project/DynamicContext.ts"
import * as Prompt from "../src/project/Prompt.ts"
import { configure, json, put, temporary } from "./support.ts"

/** A workspace of its own for each manager. */
const root = Effect.tap(temporary, (root) =>
  Effect.sync(() => {
    for (const name of ["b.md", "a.md", "Z.md", "é.md", "docs/x.md"]) put(root, name, `text of ${name} 👩‍👧`)
    put(root, "AGENTS.md", "Be brief.")
    configure(root, ["**/*.md", "./b.md", "missing.md"])
    put(root, ".parley/prompt.json", json({ instructions: { file: "docs/x.md" }, rules: ["Ask first."] }))
    const slot = { tool: "workspace__list_files", input: {} }
    const slots = [
      { ...slot, id: "b" },
      { ...slot, id: "a" },
      { ...slot, id: "c", tool: "mine__x" }
    ]
    put(root, ".parley/dynamic.json", json({ slots }))
  })
)

FilesManagerContract.suite("Files.layer", {
  layer: Layer.unwrap(Effect.map(root, (root) => Files.layer({ root }))),
  message: "Compare @a.md with @./a.md, @docs/x.md and @missing.md"
})
PromptManagerContract.suite("Prompt.layer", {
  layer: Layer.unwrap(Effect.map(root, (root) => Prompt.layer({ root })))
})
DynamicContextManagerContract.suite("DynamicContext.layer", {
  layer: Layer.unwrap(Effect.map(root, (root) => DynamicContext.layer({ root }))),
  tools: ["workspace__list_files"]
})
