import { assert, it } from "@effect/vitest"
import { blockDelta, blockStart, blockStop, message } from "@parley/harness/Events"
import { serve } from "@parley/harness/SseServer"
import { Effect } from "effect"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { place } from "./support/Cli.ts"

const cited = (type: string, more: object) =>
  blockDelta(0, { type: "citations_delta", citation: { type, cited_text: "Closed in\nMay.", ...more } })

it.live("citations are shown beside the answer, and by sessions show, without control characters", () =>
  Effect.gen(function* () {
    const report = { document_index: 0, document_title: "Report.pdf", start_page_number: 3, end_page_number: 4 }
    const page = { title: "News\u001B[2J", url: "https://example.com/", encrypted_index: "x" }
    const body = message(
      "end_turn",
      blockStart(0, { type: "text", text: "" }) +
        cited("page_location", report) +
        cited("page_location", report) +
        cited("web_search_result_location", page) +
        blockDelta(0, { type: "text_delta", text: "In May." }) +
        blockStop(0)
    )
    const server = yield* serve({ body: [body] })
    const here = yield* place
    writeFileSync(join(here.workspace, "Report.pdf"), "%PDF-1.7\n")
    here.configure({
      model: "anthropic/claude-opus-5-5",
      providers: { anthropic: { type: "anthropic", apiKey: "k", baseUrl: server.url, citations: true } }
    })
    const ended = yield* here.run(["run", "When was it closed? @Report.pdf"])
    assert.strictEqual(ended.stdout, "In May.\n", ended.stderr)
    const lines = ended.stderr.split("\n").filter((line) => line.startsWith("* "))
    assert.deepStrictEqual(lines.slice(0, 1), ["* Report.pdf, page 3: “Closed in May.”"])
    assert.lengthOf(lines, 2)
    assert.match(lines[1] ?? "", /^\* News.*, https:\/\/example\.com\/: “Closed in May.”$/)
    assert.notInclude(ended.stderr, "\u001B[2J")
    assert.match(server.received[0]?.body ?? "", /"type":"document"[^}]*\}[^}]*"citations":\{"enabled":true\}/)
    const id = (yield* here.run(["sessions", "list"])).stdout.split(" ", 1)[0] ?? ""
    const shown = yield* here.run(["sessions", "show", id])
    assert.include(shown.stdout, "  * Report.pdf, page 3: “Closed in May.”")
    const json = yield* here.run(["sessions", "show", id, "-f", "json"])
    assert.include(json.stdout, '"pages":{"first":3,"last":3}')
  })
)
