import { assert, describe, it } from "@effect/vitest"
import { redactionInJson } from "@parley/domain/Redaction"
import { serverRedaction, serverNameRedaction, secretsOf } from "../src/text/ServerSecrets.ts"
import { secretValues } from "../src/text/SecretValues.ts"

const random = "dGhpc0lzTm90QVJlYWxLZXkx"

const none: ReadonlyArray<readonly [string, string]> = [
  ["DISABLED_TOOLS", "list_apps"],
  ["DISABLED_TOOLS", "list_apps,create_issue_2,get_s3_objects"],
  ["TOOLSETS", "repos,issues,pull_requests"],
  ["NODE_ENV", "production"],
  ["API_KEY", "true"],
  ["AUTH_ENABLED", "enabled"],
  ["AUTH_MODE", "interactive-login"],
  ["COOKIE", "none"],
  ["MAX_TOKENS", "128000"],
  ["TOKEN_LIMIT", "1000000"],
  ["TOKENIZERS_PARALLELISM", "false"],
  ["KEY_FILE", "service-account.json"],
  ["SSH_KEY", "~/.ssh/id_ed25519"],
  ["SSH_AUTH_SOCK", "/run/user/1000/keyring/ssh"],
  ["GOOGLE_APPLICATION_CREDENTIALS", "/home/me/.config/gcloud/credentials.json"],
  ["TLS_KEY", "C:\\certs\\server.key"],
  ["TOKEN", "abc"],
  ["BASE_URL", "https://api.example.com/v2/projects"],
  ["TOKEN_URL", "https://login.example.com/oauth2/token"],
  ["DATABASE_URL", "postgres://localhost:5432/app"],
  ["REGION", "eu-central-1"],
  ["DATABASE", "host=db.example.com dbname=application"],
  ["MONGODB_URI", "mongodb://db1.example.com:1,db2.example.com:2/app"],
  ["MODEL", "claude-sonnet-5-5"],
  ["API_VERSION", "2022-06-28"],
  ["content-type", "application/json"],
  ["user-agent", "parley/1.0 (linux; x64)"],
  ["MONKEY", "chimpanzee"],
  ["KEYBOARD_LAYOUT", "qwertz-de-latin1"],
  ["API_KEY", "${env:API_KEY}"],
  ["AT", "in ${workspaceRoot}"],
  ["IMAGE", "ubuntu-22.04-desktop-amd64"],
  ["OPTIONS", '{"verbose":true,"region":"eu-central-1"}']
]

const secret: ReadonlyArray<readonly [string, string, ReadonlyArray<string>]> = [
  ["API_KEY", "hunter-two", ["hunter-two"]],
  ["apiKey", "sesame", ["sesame"]],
  ["X-Api-Key", "open-sesame", ["open-sesame"]],
  ["GITHUB_PERSONAL_ACCESS_TOKEN", "letmein", ["letmein"]],
  ["PGPASSWORD", "12345678", ["12345678"]],
  ["TOKEN_PROD", "letmein", ["letmein"]],
  ["SMTP_PASSWORD", "correct horse battery", ["correct horse battery"]],
  ["WHATEVER", random, [random]],
  ["WHATEVER", "ghp_16C7e42F292c6912E7710c838347Ae178B4a", ["ghp_16C7e42F292c6912E7710c838347Ae178B4a"]],
  ["AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE", ["AKIAIOSFODNN7EXAMPLE"]],
  ["EXA", "3f2504e0-4f89-11d3-9a0c-0305e82c3301", ["3f2504e0-4f89-11d3-9a0c-0305e82c3301"]],
  ["authorization", "Bearer letmein", ["Bearer letmein", "letmein"]],
  ["x-custom", "Token letmein", ["Token letmein", "letmein"]],
  ["authorization", `Basic ${btoa("me:letmein")}`, ["letmein", "me:letmein", btoa("me:letmein")]],
  ["cookie", "theme=dark; session=letmein1", ["letmein1"]],
  ["DATABASE_URL", "postgres://me:let%2Fmein@db.example.com/app", ["let%2Fmein", "let/mein"]],
  ["MONGODB_URI", "mongodb://me:letmein@db1.example.com:1,db2.example.com:2/app", ["letmein"]],
  ["JDBC_URL", "jdbc:postgresql://me:letmein@db.example.com/app", ["letmein"]],
  ["HTTP_PROXY_LIST", "direct, http://me:letmein@proxy.example.com:8080", ["letmein"]],
  ["STORAGE", "AccountName=mine;AccountKey=bGV0bWVpbg==;Suffix=core.example.com", ["bGV0bWVpbg=="]],
  ["DATABASE", "host=db.example.com password=letmein dbname=app", ["letmein"]],
  ["CREDENTIALS", "me:letmein", ["letmein", "me:letmein"]],
  ["WEBHOOK", "https://hooks.example.com/services/T0001/Xa9KfQ02mZpL7vR4tB81", ["Xa9KfQ02mZpL7vR4tB81"]],
  ["ENDPOINT", "https://example.com/mcp?api_key=letmein&region=europe", ["letmein"]],
  ["OPENAPI_MCP_HEADERS", '{"Authorization":"Bearer letmein","Notion-Version":"2022-06-28"}', ["letmein"]],
  ["K", "secret-1", ["secret-1"]]
]

describe("which values are secrets", () => {
  for (const [name, value] of none)
    it(`${name}=${value}: none`, () => {
      assert.deepStrictEqual(secretValues(name, value), [])
    })
  for (const [name, value, found] of secret)
    it(`${name}=${value}: secret`, () => {
      const all = secretValues(name, value)
      for (const one of found) assert.include(all, one)
      for (const other of ["dark", "europe", "2022-06-28", "db.example.com", "Bearer"]) assert.notInclude(all, other)
    })

  it("those in arguments, in the address and of the login are included", () => {
    assert.deepStrictEqual(
      secretsOf({ command: "x", args: ["-y", "--api-key", "letmein", "--port", "808080", "--header=X-Key: sesame"] }),
      ["letmein", "sesame"]
    )
    assert.deepStrictEqual(
      secretsOf({ url: "https://a.example/mcp?key=letmein", oauth: { clientSecret: "client-secret" } }),
      ["letmein", "client-secret"]
    )
    assert.deepStrictEqual(secretsOf({ command: "npx", args: ["-y", "@scope/server@1.2.3", "/home/me/work"] }), [])
  })
})

describe("redacting secrets in a text", () => {
  const config = { command: "x", env: { TOKEN: 'a+b/c "d"%', OTHER_TOKEN: 'a+b/c "d"% and more' } }

  it("finds them unchanged, in addresses and in JSON, the longest first", () => {
    const redact = serverRedaction(config)
    const forms = [
      'a+b/c "d"%',
      encodeURIComponent('a+b/c "d"%'),
      encodeURIComponent('a+b/c "d"%').replaceAll("%20", "+"),
      encodeURIComponent('a+b/c "d"%').toLowerCase(),
      JSON.stringify('a+b/c "d"%').slice(1, -1)
    ]
    for (const form of forms) assert.strictEqual(redact(`key=${form}.`), "key=….")
    assert.strictEqual(redact('a+b/c "d"% and more'), "…")
  })

  it("keeps names of tools and properties that equal a secret but could be plain names", () => {
    const named = { command: "x", env: { TOKEN: "list_apps", KEY: "k3y-of-mine" } }
    const names = serverNameRedaction(named)
    assert.strictEqual(names("list_apps"), "list_apps")
    assert.deepStrictEqual(
      redactionInJson(serverRedaction(named), names)({ list_apps: "list_apps", "k3y-of-mine": 1 }),
      {
        list_apps: "…",
        "…": 1
      }
    )
  })
})
