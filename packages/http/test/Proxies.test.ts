import { getCACertificates, setDefaultCACertificates } from "node:tls"
import { readFileSync } from "node:fs"
import { inspect } from "node:util"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Http from "../src/Http.ts"
import * as Proxies from "../src/contract/Proxies.ts"
import { answered, client, failed } from "./support/asking.ts"
import { proxying } from "./support/proxy.ts"
import { web } from "./support/servers.ts"
import { secured } from "./support/tls.ts"

const isProxied = (proxies: Proxies.ProxySettings, url: string): boolean =>
  Http.make({ proxies }).isProxied(new URL(url))

/** Trusts a certificate for as long as the scope is open. */
const trusting = (file: string) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const before = getCACertificates("default")
      setDefaultCACertificates([...before, readFileSync(file, "utf8")])
      return before
    }),
    (before) => Effect.sync(() => setDefaultCACertificates(before))
  )

describe("which requests go through a proxy", () => {
  it("depends on the scheme: lower case before upper case, and ALL_PROXY as the default", () => {
    const from = (env: { readonly [name: string]: string }) => {
      const { http, https } = Proxies.fromEnvironment(env)
      return [http, https].map((proxy) => (typeof proxy === "object" ? `${proxy.from}=${proxy.url}` : "none"))
    }
    assert.deepStrictEqual(from({}), ["none", "none"])
    assert.deepStrictEqual(from({ HTTP_PROXY: "a" }), ["HTTP_PROXY=a", "none"])
    assert.deepStrictEqual(from({ HTTPS_PROXY: "a" }), ["none", "HTTPS_PROXY=a"])
    assert.deepStrictEqual(from({ HTTPS_PROXY: "a", https_proxy: "b" }), ["none", "https_proxy=b"])
    assert.deepStrictEqual(from({ HTTPS_PROXY: "a", https_proxy: " " }), ["none", "HTTPS_PROXY=a"])
    assert.deepStrictEqual(from({ ALL_PROXY: "a", HTTP_PROXY: "b" }), ["HTTP_PROXY=b", "ALL_PROXY=a"])
    assert.deepStrictEqual(from({ all_proxy: "a" }), ["all_proxy=a", "all_proxy=a"])
  })

  const cases: ReadonlyArray<readonly [except: string, url: string, proxied: boolean]> = [
    ["", "https://api.example.org/", true],
    ["*", "https://api.example.org/", false],
    ["example.org", "https://api.example.org/", false],
    ["example.org", "https://example.org/", false],
    ["example.org", "https://notexample.org/", true],
    ["example.org", "https://example.org.evil.test/", true],
    [".example.org", "https://api.example.org/", false],
    [".example.org", "https://example.org/", false],
    ["*.example.org", "https://api.example.org/", false],
    ["EXAMPLE.ORG", "https://Api.Example.Org./", false],
    ["a.test,example.org", "https://example.org/", false],
    ["a.test  example.org ,", "https://example.org/", false],
    ["example.org:443", "https://example.org/", false],
    ["example.org:8443", "https://example.org/", true],
    ["example.org:8443", "https://example.org:8443/", false],
    ["example.org:80", "http://example.org/", false],
    ["192.0.2.1", "https://192.0.2.1/", false],
    ["192.0.2.1", "https://192.0.2.10/", true],
    ["192.0.2.1:443", "https://192.0.2.1/", false],
    ["192.0.2.0/24", "https://192.0.2.77/", false],
    ["192.0.2.0/24", "https://192.0.3.1/", true],
    ["192.0.2.0/24", "https://3221226061/", false],
    ["192.0.2.0/99", "https://192.0.2.77/", true],
    ["[2001:db8::1]", "https://[2001:db8::1]/", false],
    ["2001:db8::1", "https://[2001:0db8::0001]/", false],
    ["[2001:db8::1]:8443", "https://[2001:db8::1]/", true],
    ["2001:db8::/32", "https://[2001:db8:1::5]/", false],
    ["2001:db8::/32", "https://[2001:db9::5]/", true],
    [".", "https://example.org/", true],
    [":443", "https://example.org/", true]
  ]
  for (const [except, url, proxied] of cases)
    it(`NO_PROXY=${JSON.stringify(except)}: ${url} ${proxied ? "does" : "does not"}`, () => {
      const env = { HTTP_PROXY: "proxy:3128", HTTPS_PROXY: "proxy:3128", NO_PROXY: except }
      assert.strictEqual(isProxied(Proxies.fromEnvironment(env), url), proxied)
    })

  it("is none if no proxy is configured", () => {
    assert.isFalse(Http.make().isProxied(new URL("https://api.example.org/")))
    assert.isFalse(isProxied({ http: "", https: "" }, "https://api.example.org/"))
  })

  it("does not include those for this machine, unless configured", () => {
    const proxies = { http: "http://proxy:3128", https: "http://proxy:3128" }
    for (const host of [
      "localhost",
      "a.localhost",
      "LOCALHOST.",
      "127.0.0.1",
      "127.9.9.9",
      "0x7f.1",
      "[::1]",
      "[::ffff:127.0.0.1]",
      "0.0.0.0"
    ])
      for (const scheme of ["http", "https"]) {
        assert.isFalse(isProxied(proxies, `${scheme}://${host}:1234/`), host)
        assert.isTrue(isProxied({ ...proxies, loopback: true }, `${scheme}://${host}:1234/`), host)
      }
    for (const host of ["localhost.example.org", "notlocalhost", "128.0.0.1"])
      assert.isTrue(isProxied(proxies, `https://${host}/`), host)
  })
})

describe("a proxy", () => {
  it.live("receives the full URL and its credentials, which the server does not see", () =>
    Effect.gen(function* () {
      const proxy = yield* proxying(0)
      const url = proxy.url.replace("//", "//us%40er:p%3Ass@")
      const { fetch } = yield* client({ proxies: Proxies.fromEnvironment({ http_proxy: url }) })
      const own = { headers: { "proxy-authorization": "Basic of-the-caller" } }
      for (let i = 0; i < 2; i++)
        assert.strictEqual((yield* answered(fetch, "http://far.example/a?b=c", own)).text, "forwarded far.example")
      const authorization = `Basic ${Buffer.from("us@er:p:ss").toString("base64")}`
      assert.deepStrictEqual(proxy.asked[0], { line: "GET http://far.example/a?b=c", authorization })
      const here = yield* web((_request, response) => void response.end("here"))
      assert.strictEqual((yield* answered(fetch, here.url)).text, "here")
      assert.notProperty(here.seen[0]?.headers, "proxy-authorization")
    })
  )

  it.live("tunnels https, is reused for the next request, and sees no content", () =>
    Effect.gen(function* () {
      const far = yield* secured
      yield* trusting(far.file)
      const proxy = yield* proxying(far.port)
      const { fetch } = yield* client({ proxies: { https: proxy.url.replace("//", "//user:pass@") } })
      for (let i = 0; i < 3; i++) {
        const { text } = yield* answered(fetch, "https://far.example/a", { method: "POST", body: "x".repeat(100_000) })
        assert.strictEqual(text, "POST /a none")
      }
      const authorization = `Basic ${Buffer.from("user:pass").toString("base64")}`
      assert.isAtMost(proxy.asked.length, 2)
      assert.deepStrictEqual(proxy.asked[0], { line: "CONNECT far.example:443", authorization })
      // The certificate's host name is verified through a tunnel too.
      const error = yield* failed(fetch, "https://other.example/")
      assert.match(error.message, /certificate|altname/i)
      assert.isFalse(error.sent)
    })
  )

  it.live("receives the host and port of an address, an IPv6 address in brackets", () =>
    Effect.gen(function* () {
      const proxy = yield* proxying(0, { refusal: "502 Bad Gateway" })
      const { fetch } = yield* client({ proxies: { https: proxy.url } })
      for (const [url, place] of [
        ["https://far.example/", "far.example:443"],
        ["https://far.example:8443/", "far.example:8443"],
        ["https://[2001:db8::1]/", "[2001:db8::1]:443"],
        ["https://[2001:db8::1]:8443/", "[2001:db8::1]:8443"]
      ] as const) {
        assert.deepInclude(yield* failed(fetch, url), { host: place, sent: false })
        assert.strictEqual(proxy.asked.at(-1)?.line, `CONNECT ${place}`)
      }
    })
  )

  it.live("that refuses or is unreachable is named in the error, with advice and without its password", () =>
    Effect.gen(function* () {
      const gone = "http://127.0.0.1:2"
      const refusing = (refusal: string) => Effect.map(proxying(0, { refusal }), ({ url }) => url)
      const wants = yield* refusing("407 Proxy Authentication Required")
      const cases: ReadonlyArray<readonly [proxy: string, target: string, says: RegExp]> = [
        [wants, "https://far.example/", /wants a user name and a password \(HTTP 407\); put .* into HTTPS_PROXY/],
        [wants, "http://far.example/", /wants a user name and a password \(HTTP 407\); put .* into HTTP_PROXY/],
        [yield* refusing("502 Bad Gateway"), "https://far.example/", /refused to connect to it: HTTP 502 Bad Gateway/],
        [gone, "https://far.example/", /could not be reached .*ECONNREFUSED.*; correct HTTPS_PROXY, or .* NO_PROXY/],
        [gone, "http://far.example/", /could not be reached: .*ECONNREFUSED.*; correct HTTP_PROXY, or .* NO_PROXY/],
        ["socks5://127.0.0.1:1080", "https://far.example/", /of a kind that is not supported/]
      ]
      for (const [proxy, target, says] of cases) {
        const named = proxy.replace("//", "//user:canary@")
        const { fetch } = yield* client({
          proxies: Proxies.fromEnvironment({ HTTPS_PROXY: named, HTTP_PROXY: named })
        })
        const error = yield* failed(fetch, target)
        assert.strictEqual(error.reason._tag, "Proxy", target)
        assert.match(error.message, says)
        assert.include(error.message, `the proxy ${proxy} (from HTTP`)
        assert.notInclude(inspect(error) + error.message, "canary")
        assert.isFalse(error.sent)
      }
      const { fetch } = yield* client({ proxies: { https: "http://user:canary@[" } })
      const error = yield* failed(fetch, "https://far.example/")
      assert.match(error.message, /from the setting `https`\) has an address that is not one/)
      assert.notInclude(error.message, "canary")
    })
  )

  it.live("that sends data too early or an invalid response is rejected", () =>
    Effect.gen(function* () {
      for (const refusal of ["200 OK", "100 Continue", "302 Found"]) {
        const { url } = yield* proxying(0, { refusal })
        const { fetch } = yield* client({ proxies: { https: url }, limits: { connectMillis: 2000 } })
        assert.isFalse((yield* failed(fetch, "https://far.example/")).sent, refusal)
      }
    })
  )
})
