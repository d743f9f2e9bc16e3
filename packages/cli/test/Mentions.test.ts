import { assert, it } from "@effect/vitest"
import { SessionContext } from "@parley/domain/SessionContext"
import { Effect, Schema } from "effect"
import { place } from "./support/Cli.ts"
import { terminal } from "./support/Terminal.ts"

const decode = Schema.decodeEffect(Schema.fromJsonString(SessionContext))

it.live("the user's and the project's instructions are sent, and the files that a message mentions", () =>
  Effect.gen(function* () {
    const here = yield* place
    here.write("../home/.config/parley/AGENTS.md", "The user's words.")
    here.write("AGENTS.md", "The project's words.")
    here.write("notes.md", "remember the milk")
    const { code, stderr, stdout } = yield* here.run(["context", "see @notes.md and @gone.md", "--format", "json"])
    assert.strictEqual(code, 0, stderr)
    const { manifest, request } = yield* decode(stdout)
    assert.match(request.system, /The user's words\.[\s\S]*The project's words\./)
    assert.match(
      request.messages
        .flatMap(({ content }) => content.map((block) => (block._tag === "Text" ? block.text : "")))
        .join("\n"),
      /<file-[0-9a-f]{8} path="notes\.md">\nremember the milk\n/
    )
    assert.deepStrictEqual(
      manifest.filter(({ why }) => why === undefined || why === ""),
      [],
      "everything says why it is there"
    )
    const whys = Object.fromEntries(manifest.map(({ source, why }) => [source, why]))
    assert.strictEqual(whys["file:AGENTS.md"], "instructions for the workspace")
    assert.strictEqual(whys[`file:${here.home}/.config/parley/AGENTS.md`], "your own instructions, for every workspace")
    assert.strictEqual(whys["mention:notes.md"], "mentioned in the message")
    assert.strictEqual(whys["mention:gone.md"], "there is no such file")
  })
)

it.live("an @ in piped input attaches nothing, because the user did not write it", () =>
  Effect.gen(function* () {
    const here = yield* place
    here.write("secret.md", "canary in a file")
    here.write("notes.md", "remember the milk")
    const { code, stderr } = yield* here.run(["run", "what does it say? @notes.md"], { input: "see @secret.md" })
    assert.strictEqual(code, 0, stderr)
    const { stdout } = yield* here.run(["context", "-c", "--format", "json"])
    assert.include(stdout, "remember the milk")
    assert.include(stdout, "see @secret.md")
    assert.notInclude(stdout, "canary in a file")
  })
)

it.live("an @ in pasted text attaches nothing, and an @ in the typed text around it does", () =>
  Effect.gen(function* () {
    const here = yield* place
    here.write("secret.md", "canary in a file")
    here.write("notes.md", "remember the milk")
    const chat = yield* terminal(here, ["chat"])
    yield* chat.shows(/> [^\n]*$/)
    const log = `see @secret.md\r${"a line of a log\r".repeat(20)}`
    yield* chat.type(`about @notes.md: \u001b[200~${log}\u001b[201~\r`)
    yield* chat.shows(/demo model/)
    yield* chat.type("/exit\r")
    yield* chat.ended
    const { stdout } = yield* here.run(["context", "-c", "--format", "json"])
    assert.include(stdout, "remember the milk")
    assert.include(stdout, "see @secret.md")
    assert.notInclude(stdout, "canary in a file")
  })
)
