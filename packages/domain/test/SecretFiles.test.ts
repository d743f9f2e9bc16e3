import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import * as SecretFiles from "../src/SecretFiles.ts"

const bytes = (text: string) => new TextEncoder().encode(text)
const isSecret = (path: string, entries?: ReadonlyArray<string>): boolean =>
  SecretFiles.matcher(entries)(path)?._tag === "Secret"

const secrets = `
.env .env.local .env.production prod.env .env-prod .env.bak .envrc packages/api/.env .ENV .Env.Local
server.pem tls/server.key store.p12 cert.pfx app.jks key.ppk AuthKey_1.p8
id_rsa id_ed25519 id_ecdsa_sk deploy_rsa home/me/.ssh/id_rsa home/me/.ssh/config .ssh/keys/work .gnupg/trustdb.gpg
.netrc _netrc .npmrc .pypirc .git-credentials .config/git/credentials .config/gh/hosts.yml .m2/settings.xml
.aws/credentials .aws/config .aws/sso/cache/1.json .config/gcloud/legacy_credentials/me/adc.json .azure/msal_token_cache.json
.kube/config kubeconfig prod.kubeconfig .docker/config.json credentials.json service-account.json
service-account-prod.json serviceAccountKey.json client_secret_1.json x-firebase-adminsdk-1.json
passwords.kdbx terraform.tfstate terraform.tfstate.backup prod.tfvars prod.auto.tfvars.json .vault-token
.pgpass .my.cnf .htpasswd secrets.yml etc/shadow run/secrets/db .bash_history .codex/auth.json ./a//.env a\\.env
`
const ordinary = `
.env.example .env.sample .env.template .env.dist .env.production.example example.env .env.d.ts environment.ts env.ts
src/env.d.ts src/auth/id_token.ts public.key.ts keys.ts keyboard.ts src/key.ts pem.ts id_rsa.pub .ssh/id_ed25519.pub
.ssh deploy.pub src/credentials.ts credentials.json.ts docs/credentials.md service-account.ts service-account.schema.json
config.json docker/config.json kube/config aws/credentials.ts settings.xml auth.json src/secrets.ts secrets.md .npmignore
netrc.ts package.json README.md token.ts password.ts id_generator.py tfvars.md rsa.ts _rsa.ts main.tf shadow.css
`
const words = (text: string) => text.trim().split(/\s+/)

describe("files that may hold secrets", () => {
  it("are those that usually do", () => {
    assert.deepStrictEqual(
      words(secrets).filter((path) => !isSecret(path)),
      []
    )
    for (const path of words(secrets)) assert.isTrue(isSecret(`/work/app/${path}`), path)
  })

  it("do not include source files and examples", () => {
    assert.deepStrictEqual(
      words(ordinary).filter((path) => isSecret(path) || isSecret(`/work/app/${path}`)),
      []
    )
  })

  it("each have a readable reason", () => {
    for (const { patterns, why } of SecretFiles.groups) {
      assert.match(why, /^[a-z].{15,}[^.]$/)
      assert.isNotEmpty(patterns)
      assert.strictEqual(new Set(patterns).size, patterns.length, why)
    }
    const said = SecretFiles.standard("/w/.env")
    assert.deepStrictEqual(said, { _tag: "Secret", why: "environment variables, which often are passwords and keys" })
  })

  it("can be changed by the user, and the last matching entry decides", () => {
    const entries = ["*.secret", "deploy/token", "vault/**", "!*.pem", "prod.pem", "!fixtures/**", "!.env.test"]
    const said = (path: string) => SecretFiles.matcher(entries)(path)?._tag
    assert.deepStrictEqual(
      ["a.secret", "x/deploy/token", "token", "vault/a/b", "vault", "a.pem", "prod.pem", "fixtures/a.secret"].map(said),
      ["Secret", "Secret", undefined, "Secret", undefined, "TakenOut", "Secret", "TakenOut"]
    )
    assert.deepStrictEqual([".env.test", ".env", "a.key"].map(said), ["TakenOut", "Secret", "Secret"])
  })

  const Names = Schema.Array(Schema.String.check(Schema.isPattern(/^[a-zA-Z0-9_. -]{0,12}$/)))
  it.prop("are found in any directory and in any equivalent spelling", [Names], ([directories]) => {
    for (const name of [".env", "id_rsa", "server.key", ".aws/credentials"]) {
      const path = [...directories, ...name.split("/")]
      assert.isTrue(isSecret(path.join("/")), path.join("/"))
      assert.isTrue(isSecret(path.join("//./")))
      assert.isTrue(isSecret(path.join("\\").toUpperCase()))
      assert.isTrue(isSecret(`${path.join("/")}/`))
    }
  })

  it.prop(
    "take time in proportion to pattern and name",
    [Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 60 }))],
    ([n]) => {
      const name = "a".repeat(4000)
      assert.isFalse(isSecret(name, [`${"*a".repeat(n)}*b`]))
      assert.isTrue(isSecret(`${name}b`, [`${"*a".repeat(n)}*b`]))
    }
  )
})

describe("a private key", () => {
  it("is recognised by its beginning", () => {
    const begins = [
      "-----BEGIN PRIVATE KEY-----\nMII",
      "-----BEGIN RSA PRIVATE KEY-----",
      "-----BEGIN OPENSSH PRIVATE KEY-----",
      "-----BEGIN ENCRYPTED PRIVATE KEY-----",
      "-----BEGIN PGP PRIVATE KEY BLOCK-----",
      "\n \t-----BEGIN EC PRIVATE KEY-----",
      "\uFEFF-----BEGIN PRIVATE KEY-----",
      "---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----",
      "PuTTY-User-Key-File-3: ssh-ed25519",
      "AGE-SECRET-KEY-1QQ"
    ]
    for (const text of begins) assert.isTrue(SecretFiles.isPrivateKey(bytes(text)), text)
    const utf16 = Uint8Array.from([
      0xff,
      0xfe,
      ...Array.from("-----BEGIN PRIVATE KEY-----", (c) => [c.charCodeAt(0), 0]).flat()
    ])
    assert.isTrue(SecretFiles.isPrivateKey(utf16))
  })

  it("is not a certificate, a public key, or a text about keys", () => {
    const texts = [
      "",
      "-----BEGIN CERTIFICATE-----",
      "-----BEGIN PUBLIC KEY-----",
      "-----BEGIN PGP PUBLIC KEY BLOCK-----",
      "A key begins with -----BEGIN PRIVATE KEY-----",
      "# -----BEGIN PRIVATE KEY-----"
    ]
    for (const text of texts) assert.isFalse(SecretFiles.isPrivateKey(bytes(text)), text)
  })
})
