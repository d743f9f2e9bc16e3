import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as fs from "node:fs"
import { inspect } from "node:util"
import * as JsonFile from "../src/json/JsonFile.ts"
import * as UserConfig from "../src/config/UserConfig.ts"
import { message, put, temporary } from "./support.ts"

const utf16 = Buffer.from("\uFEFF{}", "utf16le")
const server = (body: string) => `{ "mcpServers": { "files": ${body} } }`
const long = "x".repeat(100)

const table: ReadonlyArray<readonly [name: string, content: string | Uint8Array, message: string]> = [
  ["empty", "", "config.json:1:1: the file is empty; expected an object, at least {}"],
  ["only comments", "// nothing\n", "config.json:1:1: the file is empty; expected an object, at least {}"],
  ["array at root", "\n  []", "config.json:2:3: expected an object in braces, found a list"],
  ["text at root", '"x"', "config.json:1:1: expected an object in braces, found text"],
  ["YAML", "model: x\n", "config.json:1:1: expected an object in braces"],
  ["key without quotes", "{ model: 1 }", "config.json:1:3: this is not JSON; text and keys need double quotes"],
  ["comma missing", '{\n  "model": "a/b"\n  "limits": {}\n}', 'config.json:3:3: expected ","'],
  ["not closed", '{ "limits": {', 'config.json:1:14: expected "}"'],
  ["text not closed", '{ "model": "a/b', "config.json:1:12: the text is never closed with a double quote on its line"],
  ["comment not closed", "{ /* x", 'config.json:1:3: the comment is never closed with "*/"'],
  ["more after the end", "{}\n{}", "config.json:2:1: expected nothing more after the closing brace"],
  ["after CRLF", '{\r\n  "limits": 1,\r\n}', "config.json:2:13: limits: expected an object, found 1"],
  ["after a mark", '\uFEFF{ "limits": 1 }', "config.json:1:13: limits: expected an object, found 1"],
  ["after a comment", '{ // "x\n/* { */ "limits": 1 }', "config.json:2:19: limits: expected an object, found 1"],
  ["too deep", `{"a":${"[".repeat(1_000_000)}`, "config.json:1:69: nested more than 64 deep"],
  ["too large", `{}${" ".repeat(2_000_000)}`, "config.json: is larger than 1048576 bytes (it has 2000002)"],
  ["Latin-1", Buffer.from('{ "model": "é/x" }', "latin1"), "config.json: is not valid UTF-8 text"],
  ["UTF-16", utf16, "config.json: is not valid UTF-8 text"],
  ["key twice", '{ "model": "a/b", "model": "a/c" }', 'config.json:1:19: the key "model" appears twice'],
  ["prototype", '{ "__proto__": { "model": "a/b" } }', 'config.json:1:3: unknown key "__proto__"'],
  ["unknown key", '{\n  "modle": "a/b" }', 'config.json:2:3: unknown key modle; did you mean "model"?'],
  ["case", '{ "compaction": { "Auto": true } }', 'config.json:1:19: unknown key compaction.Auto; did you mean "auto"?'],
  [
    "nothing near",
    '{ "limits": { "budget": 3 } }',
    "config.json:1:15: unknown key limits.budget; the keys here are turns, toolConcurrency, retries, firstTokenSeconds, idleSeconds, turnSeconds, toolSeconds, roundSeconds, roundTokens, roundCost, sessionTokens, sessionCost, identicalCalls"
  ],
  [
    "odd key",
    '{ "limits": { "\\u001b[2J\\n": 3 } }',
    'config.json:1:15: unknown key limits["\\u{1b}[2J\\u{a}"]; the keys here are turns, toolConcurrency, retries, firstTokenSeconds, idleSeconds, turnSeconds, toolSeconds, roundSeconds, roundTokens, roundCost, sessionTokens, sessionCost, identicalCalls'
  ],
  [
    "model",
    '{ "model": "sonnet" }',
    'config.json:1:12: model: expected a model, "provider/model", or a list of models, found "sonnet"'
  ],
  ["no models", '{ "model": [] }', "config.json:1:12: model[0] is missing"],
  [
    "a model of a list",
    '{ "model": ["a/b", "x"] }',
    'config.json:1:20: model[1]: expected a model, "provider/model", found "x"'
  ],
  ["not whole", '{ "limits": { "turns": 1.5 } }', "config.json:1:24: limits.turns: expected an integer, found 1.5"],
  [
    "out of range",
    '{ "limits": { "turns": 0 } }',
    "config.json:1:24: limits.turns: expected a whole number above 0, found 0"
  ],
  [
    "infinite",
    '{ "limits": { "turns": 1e999 } }',
    "config.json:1:24: limits.turns: expected an integer, found Infinity"
  ],
  [
    "deep in a list",
    '{ "mcpServers": { "files": {\n  "command": "x",\n  "args": ["a", "b",\n    3]\n} } }',
    "config.json:4:5: mcpServers.files.args[2]: expected text, found a number"
  ],
  [
    "both kinds of server",
    server('{ "command": "x", "url": "http://x" }'),
    'config.json:1:28: mcpServers.files: expected exactly one of "command" (a program to start) and "url" (an address to connect to), found an object'
  ],
  [
    "neither kind",
    server("{}"),
    'config.json:1:28: mcpServers.files: expected exactly one of "command" (a program to start) and "url" (an address to connect to), found an object'
  ],
  [
    "headers of a program",
    server('{ "command": "x", "headers": {} }'),
    'config.json:1:57: mcpServers.files.headers: expected no such key beside "command", found an object'
  ],
  [
    "arguments of an address",
    server('{ "url": "http://x", "args": [] }'),
    'config.json:1:57: mcpServers.files.args: expected no such key beside "url", found a list'
  ],
  [
    "misspelt server key",
    server('{ "comand": "x" }'),
    'config.json:1:30: unknown key mcpServers.files.comand; did you mean "command"?'
  ],
  [
    "server address",
    server('{ "url": "ftp://x" }'),
    "config.json:1:37: mcpServers.files.url: expected an http:// or https:// address, found other text"
  ],
  [
    "server name",
    '{ "mcpServers": { "a b": {} } }',
    'config.json:1:19: unknown key mcpServers["a b"]; a key here must be 1 to 32 letters, digits, _ or -, of which the first is a letter or digit'
  ],
  [
    "reserved server name",
    '{ "mcpServers": { "workspace": { "command": "x" } } }',
    "config.json:1:32: mcpServers.workspace: expected another name; this one belongs to Parley's own tools, found an object"
  ],
  [
    "a window of nothing",
    '{ "models": { "a/b": { "contextWindow": 0 } } }',
    'config.json:1:41: models["a/b"].contextWindow: expected a whole number above 0, found 0'
  ],
  [
    "price without input",
    '{ "prices": { "a/b": { "output": 1 } } }',
    'config.json:1:22: prices["a/b"].input is missing'
  ],
  [
    "misspelt price",
    '{ "prices": { "a/b": { "inptu": 1, "output": 1 } } }',
    'config.json:1:24: unknown key prices["a/b"].inptu; did you mean "input"?'
  ],
  [
    "negative price",
    '{ "prices": { "a/b": { "input": -1, "output": 1 } } }',
    'config.json:1:33: prices["a/b"].input: expected a price of 0 or more, found -1'
  ],
  [
    "price of what",
    '{ "prices": { "b": { "input": 1, "output": 1 } } }',
    'config.json:1:15: unknown key prices.b; a key here must be a model, "provider/model"'
  ],
  [
    "slot policy",
    '{ "dynamicContext": [{ "id": "a", "tool": "b", "onFailure": "stop" }] }',
    'config.json:1:61: dynamicContext[0].onFailure: expected "note" or "drop" or "fail" or "stale", found "stop"'
  ],
  [
    "slot timeout",
    '{ "dynamicContext": [{ "id": "a", "tool": "b", "timeoutMillis": 0 }] }',
    "config.json:1:65: dynamicContext[0].timeoutMillis: expected milliseconds, 1 to 600000, found 0"
  ],
  ["slot without id", '{ "dynamicContext": [{ "tool": "b" }] }', "config.json:1:22: dynamicContext[0].id is missing"],
  [
    "slot twice",
    '{ "dynamicContext": [{ "id": "a", "tool": "b" },\n { "id": "a", "tool": "c" }] }',
    'config.json:2:10: dynamicContext[1].id: expected an id that no other slot has, found "a"'
  ],
  [
    "long value",
    `{ "dynamicContext": [{ "id": "a", "tool": "b", "onFailure": "${"no ".repeat(40)}" }] }`,
    `config.json:1:61: dynamicContext[0].onFailure: expected "note" or "drop" or "fail" or "stale", found "${"no ".repeat(20)}…"`
  ],
  [
    "permission for what is no name",
    '{ "permissions": { "no spaces": "ask" } }',
    'config.json:1:20: unknown key permissions["no spaces"]; a key here must be the name of a tool, or the beginning of a name followed by *; a path in parentheses may follow'
  ],
  [
    "unknown permission",
    '{ "permissions": { "a__*": "maybe" } }',
    'config.json:1:28: permissions["a__*"]: expected "allow" or "ask" or "ask-if-tainted" or "deny", found "maybe"'
  ],
  [
    "long key",
    `{ "${long}": 1 }`,
    `config.json:1:3: unknown key ${long}; the keys here are model, providers, prices, models, mcpServers, permissions, workspaces, secretFiles, dynamicContext, titles, compaction, worktrees, budget, limits`
  ],
  [
    "first of several",
    '{ "limits": { "turns": "x",\n "toolConcurrency": "y" }, "model": 3 }',
    'config.json:1:24: limits.turns: expected a number, found "x"'
  ]
]

describe("an invalid configuration", () => {
  for (const [name, content, expected] of table) {
    it.effect(name, () =>
      Effect.gen(function* () {
        const directory = yield* temporary
        const file = put(directory, "config.json", content)
        const error = yield* Effect.flip(UserConfig.load(file))
        assert.strictEqual(message(directory)(error), expected)
      })
    )
  }

  it.effect("is not read from anything but a regular file", () =>
    Effect.gen(function* () {
      const directory = yield* temporary
      fs.mkdirSync(`${directory}/config.json`)
      fs.symlinkSync("nowhere", `${directory}/dangling`)
      fs.symlinkSync("loop", `${directory}/loop`)
      const problem = (name: string) =>
        Effect.map(Effect.flip(UserConfig.load(`${directory}/${name}`)), message(directory))
      assert.strictEqual(yield* problem("config.json"), "config.json: is a directory")
      assert.strictEqual(yield* problem("dangling"), "dangling: is a symbolic link to a file that does not exist")
      assert.strictEqual(yield* problem("loop"), "loop: its symbolic links form a loop")
    })
  )
})

describe("a secret", () => {
  const secret = "sk-ant-hunter2"
  const texts: ReadonlyArray<string> = [
    `{ "providers": { "anthropic": { "apiKey": "${secret}", "apiKey": "${secret}" } } }`,
    `{ "providers": { "anthropic": "${secret}" } }`,
    `{ "model": "${secret}" }`,
    `{ "mcpServers": { "a": { "command": "x", "env": "${secret}" } } }`,
    `{ "mcpServers": { "a": { "url": "http://x", "headers": { "Authorization": { "Bearer": "${secret}" } } } } }`,
    `{ "mcpServers": { "a": { "command": "x", "args": "--token=${secret}" } } }`,
    `{ "mcpServers": { "a": { "url": "x://${secret}" } } }`,
    `{ "providers": { "anthropic": { "apiKey": "${secret}`,
    `{ "providers": { "anthropic": { "apiKey": "${secret}" "x" } } }`,
    `{ "dynamicContext": [{ "id": "a", "tool": "b", "input": "${secret}" }] }`
  ]
  for (const text of texts) {
    it.effect(`is not in the error about ${text.replaceAll(secret, "…")}`, () =>
      Effect.gen(function* () {
        const directory = yield* temporary
        const file = put(directory, "config.json", text)
        const error = yield* Effect.flip(UserConfig.load(file))
        assert.isFalse(`${error.message} ${inspect(error, { depth: 9 })} ${String(error.stack)}`.includes("hunter2"))
      })
    )
  }
})

it.effect("a missing file is an empty result; comments, trailing commas and a byte order mark are accepted", () =>
  Effect.gen(function* () {
    const directory = yield* temporary
    assert.isTrue(Option.isNone(yield* JsonFile.read({ path: `${directory}/a/b.json` }, UserConfig.UserConfig)))
    const file = put(directory, "config.json", '\uFEFF// mine\r\n{ "limits": { "turns": 3, /* few */ }, }\r\n')
    assert.deepStrictEqual((yield* UserConfig.load(file)).config, { limits: { turns: 3 } })
  })
)
