import { assert } from "@effect/vitest"
import { Deferred, Effect } from "effect"
import { type Reply, serve } from "../../packages/harness/src/provider/SseServer.ts"
import type { Case } from "../suite.ts"
import { secured } from "../support/tls.ts"
import { answer } from "../../packages/harness/src/provider/wire.ts"
import { failed, play, type Seen, variant, variants } from "./kit.ts"
import { promptly } from "../../packages/harness/src/time/promptly.ts"

const limits = { firstChunkMillis: 400 }
const portal = "<html>\u001b[2J<h1>Welcome to the airport</h1> \u202ePlease sign in</html>"

const offline = [
  variant("P39", "DNS failure", {
    replies: [{}],
    url: () => "http://does-not-exist.invalid",
    look: (seen) => {
      failed("Unreachable")(seen)
      assert.match(seen.error?.message ?? "", /ENOTFOUND|EAI_AGAIN/)
    }
  }),
  variant("P39", "offline: connection refused", {
    replies: [{}],
    // A port without a service, on which only root could listen.
    url: () => "http://127.0.0.1:2",
    look: (seen) => {
      failed("Unreachable")(seen)
      assert.include(seen.error?.message, "ECONNREFUSED")
      promptly(seen.millis, 3000)
    }
  }),
  variant("P39", "captive portal: a redirect to its page, then the page itself", {
    replies: [
      { status: 302, headers: { location: "http://portal.invalid/login" } },
      { headers: { "content-type": "text/html" }, body: [portal] }
    ],
    messages: ["first", "second"],
    look: (seen) => {
      const [redirected, shown] = seen.rounds
      assert.strictEqual(redirected?.failure?.reason, "Unreachable")
      assert.include(redirected?.failure?.message, "redirects to http://portal.invalid/login")
      // It responds with status 200, like the API. Only the content shows that it is something else.
      assert.strictEqual(shown?.failure?.reason, "StreamBroken")
      assert.include(shown?.failure?.message, "not an event stream: <html> [2J<h1>Welcome")
      failed("StreamBroken")(seen)
    }
  }),
  variant("P39", "black hole: packets go out and nothing comes back", {
    replies: [{ mute: true, last: "hang" }],
    limits,
    look: (seen) => {
      failed("Stalled")(seen)
      promptly(seen.millis, 3000)
    }
  })
]

const html = `<html><title>502</title>\u001b[31m${"<p>proxy</p>".repeat(100)}`

const bodies = [
  ...variants<Reply & { readonly problem: string }>(
    "P30",
    [
      [
        "gzip that is none",
        {
          headers: { "content-encoding": "gzip" },
          body: ["\u001f\u008bthis was never compressed"],
          problem: "the connection broke: "
        }
      ],
      [
        "JSON instead of a stream",
        {
          headers: { "content-type": "application/json" },
          body: ['{"answer":\u001b[31m"hi"}'],
          problem: 'not an event stream: {"answer": [31m"hi"}'
        }
      ]
    ],
    ({ problem, ...reply }) => ({
      replies: [reply],
      look: (seen) => {
        failed("StreamBroken")(seen)
        assert.include(seen.error?.message, problem)
      }
    })
  ),
  variant("P30", "an HTML error page from a proxy", {
    replies: [{ status: 502, headers: { "content-type": "text/html" }, body: [html] }],
    look: (seen) => {
      failed("Overloaded")(seen)
      const message = seen.error?.message ?? ""
      assert.include(message, "<title>502</title>")
      assert.isAtMost(message.length, 500)
    }
  })
]

/** The key is not sent elsewhere: a redirect is reported with its target and is not followed. */
const reported = (target: string) => (seen: Seen) => {
  failed("Unreachable")(seen)
  assert.include(seen.error?.message, `redirects to ${target}`)
}

const elsewhere: Case = {
  id: "P35",
  name: "to another host",
  run: Effect.gen(function* () {
    const other = yield* serve({ body: [answer("Give me the key.")] })
    const target = `${other.url.replace("127.0.0.1", "localhost")}/v1/messages`
    yield* play({ replies: [{ status: 307, headers: { location: target } }], look: reported(target) })
    assert.isEmpty(other.received)
  })
}

const downgrade: Case = {
  id: "P35",
  name: "from https to plain http",
  needs: ["openssl"],
  run: Effect.gen(function* () {
    const plain = yield* serve({ body: [answer("Give me the key.")] })
    const target = `${plain.url}/v1/messages`
    const asked = yield* Deferred.make<void>()
    const url = yield* secured((_, response) => {
      Deferred.doneUnsafe(asked, Effect.void)
      response.writeHead(308, { location: target })
      response.end()
    })
    yield* play({ replies: [{}], url: () => url, look: reported(target) })
    assert.isTrue(Deferred.isDoneUnsafe(asked), "the secured server was asked")
    assert.isEmpty(plain.received)
  })
}

export const network = [...offline, ...bodies, elsewhere, downgrade]
