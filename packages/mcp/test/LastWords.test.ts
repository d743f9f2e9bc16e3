import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { lastWords } from "../src/transport/LastWords.ts"
import { rawServer, withManager } from "./support.ts"

const lines = (text: string): ReadonlyArray<string> =>
  text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "")

const node = `node:internal/modules/cjs/loader:1228
  throw err;
  ^

Error: Cannot find module '/srv/missing.js'
Require stack:
- /srv/index.js
    at Module._resolveFilename (node:internal/modules/cjs/loader:1225:15)
    at Module._load (node:internal/modules/cjs/loader:1051:27) {
  code: 'MODULE_NOT_FOUND',
  requireStack: []
}

Node.js v24.1.0`

const python = `Traceback (most recent call last):
  File "/srv/a.py", line 3, in <module>
    int("x")
ValueError: invalid literal for int(): 'x'

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "/srv/a.py", line 5, in <module>
    main()
RuntimeError: set API_TOKEN first`

const cases: ReadonlyArray<readonly [what: string, stderr: string, stdout: string, words: string]> = [
  ["Node", node, "", "stderr: Error: Cannot find module '/srv/missing.js'"],
  [
    "a TypeError with a code",
    `warning\nTypeError [ERR_X]: bad\n    at f (a.js:1)`,
    "",
    "stderr: TypeError [ERR_X]: bad"
  ],
  ["Python", python, "", "stderr: RuntimeError: set API_TOKEN first"],
  ["Go", "starting\npanic: no config\n\ngoroutine 1 [running]:", "", "stderr: panic: no config"],
  [
    "Rust",
    "thread 'main' panicked at src/main.rs:4:5:\nno config\nnote: run with `RUST_BACKTRACE=1`",
    "",
    "stderr: thread 'main' panicked at src/main.rs:4:5: | no config"
  ],
  [
    "npm",
    "npm warn old\nnpm error code E404\nnpm error 404 Not Found - GET http://x/y\nnpm error 404",
    "",
    "stderr: npm error code E404 | npm error 404 Not Found - GET http://x/y | npm error 404"
  ],
  [
    "a line that begins in small letters",
    "loading\nerror: unknown option '-z'",
    "",
    "stderr: error: unknown option '-z'"
  ],
  ["a log with a level", "10:00 INFO hello\n10:01 ERROR no database\n", "", "stderr: 10:01 ERROR no database"],
  ["logfmt", 'level=info msg=hi\nlevel=error msg="no key"', "", 'stderr: level=error msg="no key"'],
  ["a log in JSON", '{"level":"error","msg":"no key"}', "", 'stderr: {"level":"error","msg":"no key"}'],
  ["many lines before", `Error: the first\n${"    at f (x.js:1)\n".repeat(200)}`, "", "stderr: Error: the first"],
  ["no error: the last lines", "one\ntwo\nthree\nfour\nfive\nsix", "", "stderr: two | three | four | five | six"],
  ["standard output alone", "", "Photoshop is not installed\n", "stdout: Photoshop is not installed"],
  ["both, with the error on standard output", "(node) warning\n", "Error: set TOKEN", "stdout: Error: set TOKEN"],
  ["both, with the error on standard error", "Error: set TOKEN", "banner", "stderr: Error: set TOKEN"],
  ["both without an error", "warned", "please log in", "stderr: warned; stdout: please log in"],
  ["messages are no explanation", "", '{"jsonrpc":"2.0","id":0,"result":{}}\nplease log in', "stdout: please log in"],
  ["nothing", "", "", ""]
]

describe("why a program did not start", () => {
  for (const [what, stderr, stdout, words] of cases)
    it(`is found: ${what}`, () => {
      assert.strictEqual(lastWords(lines(stderr), lines(stdout)), words)
    })

  it("is bounded", () => {
    assert.isBelow(lastWords([`Error: ${"x".repeat(5000)}`], [`Error: ${"y".repeat(5000)}`]).length, 1500)
  })

  const started = (startTimeoutMillis: number, ...flags: ReadonlyArray<string>) =>
    withManager(
      { servers: { s: { ...rawServer(...flags), env: { TOKEN: "canary-0123456789" }, startTimeoutMillis } } },
      (manager) => Effect.map(manager.servers, ([status]) => status?.problem)
    )

  it.live("is part of the server's status, also what was on standard output, without a secret", () =>
    Effect.gen(function* () {
      const [out, err, late] = yield* Effect.all(
        [
          started(30_000, "--out=\u001b[31mno licence for canary-0123456789\u001b[0m: please buy one"),
          started(30_000, `--err=${node.replace("missing", "canary-0123456789")}`),
          started(4000, "--out=waiting for a login\n", "--stays", "--silent")
        ],
        { concurrency: 3 }
      )
      assert.strictEqual(out, "it exited with code 4 (stdout: no licence for …: please buy one)")
      assert.strictEqual(err, "it exited with code 4 (stderr: Error: Cannot find module '/srv/….js')")
      assert.match(late ?? "", /^it did not answer within 4 s; .* \(stdout: waiting for a login\)$/)
    })
  )
})
