import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { serve } from "@parley/harness/SseServer"
import { answer } from "@parley/harness/wire"
import { place } from "./support/Cli.ts"
import { keyed } from "./support/Provider.ts"

it.live(
  "a proxy in the user's environment is used, an unreachable one is reported, and a project cannot name one",
  () =>
    Effect.gen(function* () {
      const proxy = yield* serve({ body: [answer("Through the proxy.")] })
      const here = yield* place
      here.configure({ model: "anthropic/claude-x", limits: { retries: 0 } })
      const env = keyed("http://llm.corp.invalid")
      const through = yield* here.run(["run", "hi"], { env: { ...env, HTTP_PROXY: proxy.url } })
      assert.include(through.stdout, "Through the proxy.")
      assert.strictEqual(proxy.received[0]?.url, "http://llm.corp.invalid/v1/messages")

      const gone = yield* here.run(["run", "hi"], { env: { ...env, http_proxy: "user:canary@127.0.0.1:2" } })
      assert.match(gone.stderr, /the proxy http:\/\/127\.0\.0\.1:2 \(from http_proxy\) could not be reached/)
      assert.notInclude(gone.stderr, "canary")

      here.write(".env", `HTTP_PROXY=${proxy.url}\n`)
      here.write(".npmrc", `proxy=${proxy.url}\n`)
      for (const more of [{}, { HTTP_PROXY: proxy.url, NO_PROXY: "corp.invalid" }]) {
        const direct = yield* here.run(["run", "hi"], { env: { ...env, ...more } })
        assert.match(direct.stderr, /ENOTFOUND|EAI_AGAIN/)
      }
      assert.lengthOf(proxy.received, 1)
    })
)
