import * as fs from "node:fs"
import { join, parse } from "node:path"
import process from "node:process"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import * as WebBrowser from "../src/auth/WebBrowser.ts"
import { directory, eventually } from "./support.ts"

/** A program that records its working directory and its arguments. */
const program = (log: string) => `
import { renameSync, writeFileSync } from "node:fs"
writeFileSync(${JSON.stringify(`${log}.new`)}, JSON.stringify([process.cwd(), ...process.argv.slice(2)]))
renameSync(${JSON.stringify(`${log}.new`)}, ${JSON.stringify(log)})
`

const decode = Schema.decodeUnknownSync(Schema.fromJsonString(Schema.Array(Schema.String)))

const started = Effect.gen(function* () {
  const here = yield* directory
  const [script, log] = [join(here, "browser.mjs"), join(here, "log")]
  fs.writeFileSync(script, program(log))
  return { env: { BROWSER: `${process.execPath} ${script} -new` }, log }
})

describe("an address that is opened in a browser", () => {
  it.live("is one argument of the chosen program, whose working directory is not the project", () =>
    Effect.gen(function* () {
      const { env, log } = yield* started
      assert.isTrue(yield* WebBrowser.open("https://as.example/it's?a=$(b)&c", env))
      const said = yield* eventually(
        Effect.sync(() => (fs.existsSync(log) ? fs.readFileSync(log, "utf8") : "")),
        (text) => text !== ""
      )
      assert.deepStrictEqual(decode(said), [parse(process.execPath).root, "-new", "https://as.example/it%27s?a=$(b)&c"])
    })
  )

  it.live("must be http or https, and a missing program is not an error", () =>
    Effect.gen(function* () {
      const { env } = yield* started
      for (const url of ["file:///etc/passwd", "javascript:alert(1)", "not an address", "-x"])
        assert.isFalse(yield* WebBrowser.open(url, env), url)
      assert.isFalse(yield* WebBrowser.open("https://as.example/", { BROWSER: "/there/is/no/such/program" }))
    })
  )
})
